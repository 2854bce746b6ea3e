"""Golden files for reading, resizing and drawing, made by PIL 9.4 (Debian 12: apt-get install python3-pil; then /usr/bin/python3 THIS FILE).

resize.csv    width,height,new width,new height,filter,result (base64); the source is noise(width * height)
large.csv     width,height,new width,new height,filter,SHA-256 of the result; the same source
png.csv       name,file (base64),channels,largest sample,samples (base64, 16 bits big-endian each), grey as PIL's mode L gives it (base64; - at 16 bits)
jpeg.csv      name,file (base64),width,height,grey as PIL's mode L gives it (base64)
polygon.csv   width,height,points (x y x y ...),area,mask (base64, bits of the rows in one string)
"""
import base64, hashlib, io, math, os, random, struct, zlib
from PIL import Image, ImageDraw

HERE = os.path.dirname(os.path.abspath(__file__))


def text(data):
    return base64.b64encode(bytes(data)).decode()


def noise(count):
    """The same stream as in the tests: a 32-bit linear congruential generator's top byte."""
    state, out = 12345, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out.append(state >> 24)
    return bytes(out)


def save(name, lines):
    with open(os.path.join(HERE, name), "w", newline="\n") as file:
        file.write("".join(line + "\n" for line in lines))


def resize():
    sizes = [(7, 5, 13, 11), (13, 11, 7, 5), (64, 64, 14, 14), (20, 30, 9, 64), (33, 8, 33, 3), (8, 33, 3, 33), (1, 1, 4, 3), (5, 4, 1, 1),
             (40, 24, 39, 25), (16, 16, 16, 16), (100, 3, 2, 9)]
    for w, h, nw, nh in sizes:
        image = Image.frombytes("L", (w, h), noise(w * h))
        for name, kind in (("Bilinear", Image.BILINEAR), ("Bicubic", Image.BICUBIC)):
            yield f"{w},{h},{nw},{nh},{name},{text(image.resize((nw, nh), kind).tobytes())}"


def large():
    sizes = [(1024, 1024, 224, 224), (2828, 2320, 224, 224), (2320, 2828, 384, 384), (2500, 2048, 1024, 1024), (224, 224, 1024, 1024), (14, 14, 224, 224),
             (999, 777, 333, 259), (1001, 1003, 143, 59), (777, 1000, 111, 9), (1, 500, 224, 224), (500, 1, 224, 224), (1024, 3, 1, 7), (641, 479, 224, 1),
             (225, 223, 224, 224), (64, 64, 63, 65), (2, 2, 999, 1)]
    for w, h, nw, nh in sizes:
        image = Image.frombytes("L", (w, h), noise(w * h))
        for name, kind in (("Bilinear", Image.BILINEAR), ("Bicubic", Image.BICUBIC)):
            yield f"{w},{h},{nw},{nh},{name},{hashlib.sha256(image.resize((nw, nh), kind).tobytes()).hexdigest()}"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def filtered(rows, step, kind):
    """Applies filter `kind` (5 = another one for each row) to rows of bytes."""
    out, above = b"", None
    for number, row in enumerate(rows):
        above = above or bytes(len(row))
        use = number % 5 if kind == 5 else kind
        line = bytearray([use])
        for i, value in enumerate(row):
            a, b = (row[i - step] if i >= step else 0), above[i]
            c = above[i - step] if i >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((value - (0, a, b, (a + b) // 2, paeth)[use]) & 255)
        out, above = out + bytes(line), row
    return out


def pack(samples, depth):
    if depth == 16:
        return b"".join(struct.pack(">H", s) for s in samples)
    bits = "".join(format(s, f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def png():
    adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rng = random.Random(7)
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for colour, channels in ((0, 1), (2, 3), (3, 1), (4, 2), (6, 4)):
        for depth in depths[colour]:
            for interlaced in (0, 1):
                for w, h in ((11, 9), (3, 2)) if depth in (1, 8) else ((9, 6),):
                    top = (1 << depth) - 1
                    pixels = [[[rng.randint(0, top) for _ in range(channels)] for _ in range(w)] for _ in range(h)]
                    step = max(1, channels * depth // 8)
                    data = b""
                    for x0, y0, dx, dy in adam7 if interlaced else [(0, 0, 1, 1)]:
                        rows = [pack([s for x in range(x0, w, dx) for s in pixels[y][x]], depth) for y in range(y0, h, dy)]
                        if rows and rows[0]:
                            data += filtered(rows, step, 5)
                    colours = bytes(rng.randint(0, 255) for _ in range(3 * (top + 1))) if colour == 3 else b""
                    body = zlib.compress(data)
                    half = len(body) // 2
                    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlaced))
                    file += chunk(b"tEXt", b"Comment\0made for a test") + (chunk(b"PLTE", colours) if colours else b"")
                    file += chunk(b"IDAT", body[:half]) + chunk(b"IDAT", body[half:]) + chunk(b"IEND", b"")
                    image = Image.open(io.BytesIO(file))
                    if colour == 3:
                        want = [v for row in pixels for p in row for v in colours[3 * p[0]:3 * p[0] + 3]]
                        channels_out, largest = 3, 255
                        assert list(image.convert("RGB").tobytes()) == want
                    else:
                        want = [s * 255 // top if depth < 8 else s for row in pixels for p in row for s in p]
                        channels_out, largest = channels, 65535 if depth == 16 else 255
                    grey = "-" if depth == 16 else text(image.convert("RGB").convert("L").tobytes() if colour == 3 else image.convert("L").tobytes())
                    name = f"colour {colour} depth {depth} {'interlaced' if interlaced else 'plain'} {w}x{h}"
                    yield f"{name},{text(file)},{channels_out},{largest},{text(b''.join(struct.pack('>H', s) for s in want))},{grey}"


def jpeg():
    w, h = 33, 21
    smooth = Image.frombytes("L", (6, 5), noise(30)).resize((w, h), Image.BICUBIC)
    colour = Image.merge("RGB", [Image.frombytes("L", (6, 5), noise(120)[k * 30:k * 30 + 30]).resize((w, h), Image.BICUBIC) for k in range(3)])
    for name, image, options in (("grey", smooth, {}), ("grey progressive", smooth, {"progressive": True}),
                                 ("colour 4:4:4", colour, {"subsampling": 0}), ("colour 4:2:0", colour, {"subsampling": 2}),
                                 ("colour progressive", colour, {"progressive": True})):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90, **options)
        yield f"{name},{text(file.getvalue())},{w},{h},{text(Image.open(io.BytesIO(file.getvalue())).convert('L').tobytes())}"


def clear(points):
    """Whether all of PIL's versions draw this alike: some (9 among them) lengthen a peak whose two sides lean the same way, older and newer
    ones differ; two corners on one pixel count as such a peak."""
    corners = [(int(x), int(y)) for x, y in points]
    if len(set(corners)) < len(corners):
        return False
    for (x0, y0), (x1, y1), (x2, y2) in zip([corners[-1]] + corners, corners, corners[1:] + corners[:1]):
        if (y0 - y1) * (y2 - y1) > 0 and (x0 - x1) * (x2 - x1) > 0:
            return False
    return True


def polygon():
    rng = random.Random(11)
    case = 0
    while case < 60:
        w, h = rng.randint(5, 40), rng.randint(5, 40)
        count = rng.choice((3, 4, 5, 6, 8, 15, 40))
        reach = 3 if case % 5 == 4 else 0  # every fifth one leaves the picture
        if case % 2:
            points = [(rng.uniform(-reach, w - 1 + reach), rng.uniform(-reach, h - 1 + reach)) for _ in range(count)]
        else:  # an outline around the middle
            points = [(w / 2 + math.cos(6.283 * (k + rng.random()) / count) * rng.uniform(0.3, 0.5) * (w - 1 + 2 * reach),
                       h / 2 + math.sin(6.283 * (k + rng.random()) / count) * rng.uniform(0.3, 0.5) * (h - 1 + 2 * reach)) for k in range(count)]
        if case % 3 == 0:
            points = [(float(round(x)), float(round(y))) for x, y in points]
        if case % 7 == 3:  # horizontal edges, one after the other
            points[1], points[2] = (points[1][0], points[0][1]), (points[2][0], points[0][1])
        points = [(round(x, 3), round(y, 3)) for x, y in points]
        if not clear(points):
            continue
        case += 1
        mask = Image.new("L", (w, h), 0)
        ImageDraw.Draw(mask).polygon(points, outline=1, fill=1)
        flat = " ".join(repr(v) for point in points for v in point)
        yield f"{w},{h},{flat},{sum(mask.tobytes())},{text(pack(mask.tobytes(), 1))}"


save("resize.csv", resize())
save("large.csv", large())
save("png.csv", png())
save("jpeg.csv", jpeg())
save("polygon.csv", polygon())
