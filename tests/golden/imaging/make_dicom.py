"""Golden file for DICOM: small files made by pydicom 2.3 and dcmtk 3.6.7, and the pixels that dcmtk's renderer gives them
(Debian 12: apt-get install python3-pydicom python3-numpy dcmtk libgdcm-tools; then /usr/bin/python3 THIS FILE).

dicom.csv     name,file (base64),dcm2pnm's options,width,height,dcmtk's 8 bits (base64),exact brightness of 0 to 255 (base64, little-endian f64; - for lossy files)
The exact brightness is pydicom's rescale and window, or a table's entry, for the numbers that were stored, scaled to 255 and not rounded.
"""
import base64, os, subprocess, tempfile
import numpy as np
import pydicom
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_windowing
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
W, H = 17, 11
IMPLICIT, EXPLICIT, BIG, DEFLATED = (pydicom.uid.UID("1.2.840.10008.1.2" + end) for end in ("", ".1", ".2", ".1.99"))


def picture(bits, signed, seed=1):
    """A slope with noise, and the extremes of the type at two places; returned as the stored numbers."""
    rng = np.random.RandomState(seed)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    slope = np.add.outer(np.arange(H) * 3.0, np.arange(W) * 5.0)
    values = low + (slope / slope.max() * 0.5 + 0.2 + rng.rand(H, W) * 0.2) * (high - low)
    values = values.round().astype(np.int64)
    values[2, 3], values[7, 9] = low, high
    return values


def build(values, bits=8, allocated=None, high=None, signed=False, photometric="MONOCHROME2", junk=False, **more):
    allocated = allocated or (8 if bits <= 8 else 16)
    high = bits - 1 if high is None else high
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.UID("1.2.840.10008.5.1.4.1.1.7")
    meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3.4")
    meta.ImplementationClassUID = pydicom.uid.UID("1.2.3.5")
    meta.TransferSyntaxUID = EXPLICIT
    d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    d.is_little_endian, d.is_implicit_VR = True, False
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.StudyInstanceUID, d.SeriesInstanceUID = "1.2.3.6", "1.2.3.7"
    d.PatientName, d.PatientID, d.Modality = "Secret^Person", "S-1", "DX"
    d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = H, W, 1, photometric
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = allocated, bits, high, int(signed)
    for name, value in more.items():
        setattr(d, name, value)
    raw = (values & ((1 << bits) - 1)) << (high + 1 - bits)
    if junk:  # bits outside of the stored ones, as overlays once had
        raw |= 1 << (allocated - 1)
    d.PixelData = raw.astype("<u2" if allocated == 16 else "u1").tobytes() + (b"\0" if allocated == 8 and W * H % 2 else b"")
    d["PixelData"].VR = "OW" if allocated == 16 else "OB"
    return d


def lut(first, entries, bits, signed=False, wide=True, vr="OW"):
    item = Dataset()
    item.add_new(0x00283002, "SS" if signed else "US", [len(entries) % 65536, first, bits])
    if not wide:
        item.add_new(0x00283006, "OW", bytes(entries) + b"\0" * (len(entries) % 2))
    elif vr == "OW":
        item.add_new(0x00283006, "OW", np.array(entries, "<u2").tobytes())
    else:
        item.add_new(0x00283006, vr, list(entries))
    return Sequence([item])


def save(d, path, syntax=EXPLICIT):
    d.file_meta.TransferSyntaxUID = syntax
    d.is_little_endian, d.is_implicit_VR = syntax != BIG, syntax == IMPLICIT
    d.save_as(path, write_like_original=False)


def curve(count, top, power):
    return [round(top * (i / (count - 1)) ** power) for i in range(count)]


def cases():
    """name, data set, commands that rewrite the file, dcm2pnm's options"""
    eight, twelve, sixteen = picture(8, False), picture(12, False), picture(16, False)
    yield "8 bit explicit", build(eight), [], []
    yield "8 bit monochrome1", build(eight, photometric="MONOCHROME1"), [], []
    yield "6 bit", build(picture(6, False), 6), [], []
    for name, args in (("implicit", ["+ti"]), ("big endian", ["+tb"]), ("deflated", ["+td"])):
        yield f"8 bit {name}", build(eight), [["dcmconv", *args]], []
        yield f"12 bit {name}", build(twelve, 12), [["dcmconv", *args]], ["+Wm"]
        yield f"12 bit {name} undefined lengths", build(twelve, 12, VOILUTSequence=lut(1500, curve(512, 4095, 2), 12)), [["dcmconv", *args, "-e"]], ["+Wl", "1"]
    yield "12 bit explicit lengths", build(twelve, 12, VOILUTSequence=lut(1500, curve(512, 4095, 2), 12)), [["dcmconv", "+te", "+e"]], ["+Wl", "1"]
    yield "12 bit min-max", build(twelve, 12), [], ["+Wm"]
    narrow = 900 + twelve // 3
    yield "12 bit narrow min-max", build(narrow, 12), [], ["+Wm"]
    yield "12 bit narrow monochrome1", build(narrow, 12, photometric="MONOCHROME1"), [], ["+Wm"]
    yield "10 bit high bit 13 with junk", build(picture(10, False), 10, 16, 13, junk=True), [], ["+Wm"]
    yield "16 bit min-max", build(sixteen, 16), [], ["+Wm"]
    yield "16 bit signed", build(picture(16, True), 16, signed=True), [], ["+Wm"]
    yield "12 bit signed rescale", build(picture(12, True), 12, signed=True, RescaleSlope="2", RescaleIntercept="-1000"), [], ["+Wm"]
    yield "8 bit signed rescale", build(picture(8, True), 8, signed=True, RescaleSlope="1", RescaleIntercept="128"), [], []
    for function in ("LINEAR", "SIGMOID", None):
        for photometric in ("MONOCHROME1", "MONOCHROME2"):
            more = {"VOILUTFunction": function} if function else {}
            d = build(twelve, 12, photometric=photometric, WindowCenter=["2000", "100"], WindowWidth=["1500.5", "7"], **more)
            yield f"window {function} {photometric}", d, [], ["+Wi", "1"]
    yield "window of width 1", build(twelve, 12, WindowCenter="2000", WindowWidth="1"), [], ["+Wi", "1"]
    yield "window rescaled signed", build(picture(12, True), 12, signed=True, RescaleSlope="1.5", RescaleIntercept="-1024", WindowCenter="-200", WindowWidth="900"), [], ["+Wi", "1"]
    yield "window on 8 bit", build(eight, WindowCenter="100", WindowWidth="60"), [], ["+Wi", "1"]
    yield "window implicit", build(twelve, 12, WindowCenter="1000", WindowWidth="3000"), [["dcmconv", "+ti"]], ["+Wi", "1"]
    yield "modality lut", build(twelve, 12, ModalityLUTSequence=lut(1700, curve(500, 4095, 0.5), 12)), [], ["+Wm"]
    yield "modality lut and window", build(twelve, 12, ModalityLUTSequence=lut(1000, curve(600, 65535, 0.7), 16), WindowCenter="30000", WindowWidth="20000"), [], ["+Wi", "1"]
    yield "modality lut big endian", build(twelve, 12, ModalityLUTSequence=lut(1700, curve(500, 4095, 0.5), 12)), [["dcmconv", "+tb"]], ["+Wm"]
    yield "voi lut", build(twelve, 12, VOILUTSequence=lut(1500, curve(700, 1023, 2), 10)), [], ["+Wl", "1"]
    yield "voi lut of shorts monochrome1", build(twelve, 12, photometric="MONOCHROME1", VOILUTSequence=lut(1500, curve(700, 1023, 2), 10, vr="US")), [], ["+Wl", "1"]
    yield "voi lut of bytes", build(twelve, 12, VOILUTSequence=lut(1400, curve(501, 255, 2), 8, wide=False)), [], ["+Wl", "1"]
    yield "voi lut signed", build(picture(12, True), 12, signed=True, VOILUTSequence=lut(-300, curve(700, 4095, 1.5), 12, signed=True)), [], ["+Wl", "1"]
    yield "voi lut that falls", build(twelve, 12, VOILUTSequence=lut(1500, curve(700, 4095, 1)[::-1], 12)), [], ["+Wl", "1"]
    yield "voi lut before window", build(twelve, 12, VOILUTSequence=lut(1500, curve(600, 4095, 2), 12), WindowCenter="7", WindowWidth="3"), [], ["+Wl", "1"]
    # Agfa's descriptor: 16 bits are what an entry is stored in, not what it means (dcmtk is told to look at the entries).
    yield "voi lut with wrong bits", build(twelve, 12, VOILUTSequence=lut(1500, curve(600, 4095, 2), 16)), [], ["+Wl", "1", "+Mv"]
    for bits, values, name in ((8, eight, "8 bit"), (12, twelve, "12 bit"), (16, sixteen, "16 bit")):
        options = [] if bits == 8 else ["+Wm"]
        yield f"{name} rle", build(values, bits), [["dcmcrle"]], options
        yield f"{name} lossless sv1", build(values, bits), [["dcmcjpeg", "+e1", "+ua"]], options
        for predictor in (range(2, 8) if bits == 12 else [7]):
            yield f"{name} lossless predictor {predictor}", build(values, bits), [["dcmcjpeg", "+el", "+sv", str(predictor), "+ua"]], options
    yield "16 bit signed lossless", build(picture(16, True), 16, signed=True), [["dcmcjpeg", "+e1", "+ua"]], ["+Wm"]
    yield "12 bit lossless by gdcm", build(twelve, 12), [["gdcmconv", "--jpeg"]], ["+Wm"]
    yield "8 bit baseline", build(eight), [["dcmcjpeg", "+eb", "+q", "95", "+ua"]], []
    yield "8 bit baseline monochrome1", build(eight, photometric="MONOCHROME1"), [["dcmcjpeg", "+eb", "+q", "95", "+ua"]], []


def look_up(item, values):
    """PS3.3, C.11.1.1 (pydicom 2.3 knows tables of 8 and 16 bits in words only)."""
    count, first, _ = item.LUTDescriptor
    data = item.LUTData
    entries = np.array(data) if not isinstance(data, bytes) else np.frombuffer(data, "<u2" if len(data) == 2 * count else "u1")
    return entries[np.clip(values.astype(np.int64) - first, 0, count - 1)].astype(np.float64)


def exact(d, options):
    """Brightness of 0 to 255 by pydicom, unrounded. Decoding is not its business here: what was stored is known."""
    raw = np.frombuffer(d.PixelData, "<u2" if d.BitsAllocated == 16 else "u1")[:W * H].reshape(H, W).astype(np.int64)
    values = (raw >> (d.HighBit + 1 - d.BitsStored)) & ((1 << d.BitsStored) - 1)
    low, high = 0, (1 << d.BitsStored) - 1
    if d.PixelRepresentation:
        values = (values ^ (1 << (d.BitsStored - 1))) - (1 << (d.BitsStored - 1))
        low, high = low - (1 << (d.BitsStored - 1)), high - (1 << (d.BitsStored - 1))
    if "ModalityLUTSequence" in d:
        values = look_up(d.ModalityLUTSequence[0], values)
    else:
        values = apply_modality_lut(values.astype(np.int32), d).astype(np.float64)
    slope, intercept = float(d.get("RescaleSlope", 1)), float(d.get("RescaleIntercept", 0))
    low, high = low * slope + intercept, high * slope + intercept
    if "+Wm" in options:
        low, high = values.min(), values.max()
    elif "+Wl" in options:
        # +Mv: the largest entry tells, not the descriptor
        item = d.VOILUTSequence[0]
        top = np.frombuffer(item.LUTData, "<u2").max() if "+Mv" in options else (1 << item.LUTDescriptor[2]) - 1
        values, low, high = look_up(item, values), 0, top
    elif "+Wi" in options:
        if "ModalityLUTSequence" in d:
            low, high = 0, (1 << d.ModalityLUTSequence[0].LUTDescriptor[2]) - 1
        values = apply_windowing(values, d)
    white = np.clip((values - low) / (high - low), 0, 1) * 255
    return (255 - white if d.PhotometricInterpretation == "MONOCHROME1" else white).astype("<f8").tobytes()


def render(path, options):
    out = path + ".pgm"
    subprocess.run(["dcmj2pnm", "-q", "+op", *options, path, out], check=True)
    file = open(out, "rb").read()
    assert file.startswith(b"P5"), file[:20]
    return file[-W * H:]


def main():
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(HERE, "dicom.csv"), "w", newline="\n") as csv:
        for number, (name, d, commands, options) in enumerate(cases()):
            path = os.path.join(folder, f"{number}.dcm")
            save(d, path)
            for step, command in enumerate(commands):
                after = os.path.join(folder, f"{number}-{step}.dcm")
                subprocess.run([*command, path, after], check=True, stdout=subprocess.DEVNULL)
                path = after
            text = [base64.b64encode(data).decode() for data in (open(path, "rb").read(), render(path, options), exact(d, options))]
            csv.write(f"{name},{text[0]},{' '.join(options) or '-'},{W},{H},{text[1]},{'-' if 'baseline' in name else text[2]}\n")


main()
