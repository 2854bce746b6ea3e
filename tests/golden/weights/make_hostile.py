"""Writes hostile/: weight files that must be refused, and hostile.json with the part of the message that says why.

Run `python3 make_hostile.py` in this folder (Python alone). `python3 make_hostile.py --prove` feeds the pickles that want to run something
to Python's own unpickler, each in a folder and process of its own, and counts how many leave their mark there: the corpus is not harmless.
"""
import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile

FOLDER = pathlib.Path(__file__).parent / "hostile"
CANARY = "dwarf-canary"
COMMAND = f"touch {CANARY}"
CODE = f"open('{CANARY}','w')"
expected = {}
executing = []


# Pickles, opcode by opcode.
def text(s):
    raw = s.encode("utf-8", "surrogatepass") if isinstance(s, str) else s
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(n):
    return b"J" + struct.pack("<i", n) if -2 ** 31 <= n < 2 ** 31 else pickle.dumps(n, 2)[2:-1]


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def short(s):
    return b"\x8c" + bytes([len(s)]) + s.encode()


def numbers(values):
    return b"(" + b"".join(number(v) for v in values) + b"t"


def storage(count=6, kind="Float", key="0", first="storage", place="cpu"):
    return b"(" + text(first) + name("torch", kind + "Storage") + text(key) + text(place) + number(count) + b"tQ"


def tensor(count=6, offset=0, size=(2, 3), stride=(3, 1), **more):
    return name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage(count, **more) + number(offset) + numbers(size) + numbers(stride) \
        + b"\x89" + name("collections", "OrderedDict") + b")RtR"


def held(value, key="a"):
    """A dictionary that holds the value."""
    return b"\x80\x02}" + text(key) + value + b"s."


def call(module, attribute, *arguments):
    return name(module, attribute) + b"(" + b"".join(arguments) + b"tR"


# Archives, byte by byte.
def entry(path, data, *, local=None, method=0, flags=0x0808, size=None, stored=None, local_size=None, extra=b"", offset=None):
    return dict(path=path, data=data, local=local or path, method=method, flags=flags, size=size, stored=stored, local_size=local_size,
                extra=extra, offset=offset)


def archive(entries, *, count=None, comment=b"", tail=b"", disk=0, zip64=None, cut=0, directory=None):
    body, central = b"", b""
    for e in entries:
        path, local = e["path"].encode("utf-8", "surrogatepass"), e["local"].encode()
        at = len(body) if e["offset"] is None else e["offset"]
        size = len(e["data"]) if e["size"] is None else e["size"]
        stored = size if e["stored"] is None else e["stored"]
        inner = 0 if e["local_size"] is None else e["local_size"]
        body += struct.pack("<IHHHHHIIIHH", 0x04034b50, 0, e["flags"], e["method"], 0, 0, 0, inner, inner, len(local), 0) + local + e["data"]
        central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0, 0, e["flags"], e["method"], 0, 0, 0, stored, size, len(path),
                               len(e["extra"]), 0, 0, 0, 0, at) + path + e["extra"]
    central = central if directory is None else directory
    count = len(entries) if count is None else count
    begin = len(body)
    ends = b""
    if zip64 is not None:
        fields = dict(count=count, size=len(central), begin=begin, at=begin + len(central)) | zip64
        ends = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 0, 0, 0, 0, fields["count"], fields["count"], fields["size"], fields["begin"]) \
            + struct.pack("<IIQI", 0x07064b50, 0, fields["at"], 1)
    whole = body + central + ends + struct.pack("<IHHHHIIH", 0x06054b50, disk, disk, count, count, len(central), begin, len(comment)) + comment + tail
    return whole[:len(whole) - cut]


FLOATS = struct.pack("<6f", 1, 2, 3, 4, 5, 6)


def records(data, more=()):
    return [entry("archive/data.pkl", data), entry("archive/data/0", FLOATS), *more, entry("archive/version", b"3\n")]


def write(file, data, message):
    if file in expected:
        raise ValueError(f"{file} is written twice")
    expected[file] = message
    (FOLDER / file).write_bytes(data)


def pt(file, data, message, runs=False, more=()):
    write(file + ".pt", archive(records(data, more)), message)
    if runs:
        executing.append((file, data))


def zipped(file, message, entries, **more):
    write(f"zip-{file}.pt", archive(entries, **more), message)


def calls():
    """Everything that is known to run code when it is called, and some that only look harmless."""
    nested = b"\x80\x02" + call("os", "system", text(COMMAND)) + b"."
    latin = name("_codecs", "encode") + text(nested.decode("latin1")) + text("latin1") + b"\x86R"
    wanted = [
        ("os", "system", text(COMMAND), True), ("posix", "system", text(COMMAND), True), ("nt", "system", text(COMMAND), False),
        ("os", "popen", text(COMMAND), True), ("os", "execvp", text("touch") + b"]" + text("touch") + b"a" + text(CANARY) + b"a", True),
        ("os", "spawnlp", number(0) + text("touch") + text("touch") + text(CANARY), True), ("os", "remove", text(CANARY), False),
        ("builtins", "eval", text(CODE), True), ("builtins", "exec", text(CODE), True), ("builtins", "compile", text(CODE), False),
        ("builtins", "open", text(CANARY) + text("w"), True), ("builtins", "getattr", text("a") + text("upper"), False),
        ("builtins", "__import__", text("os"), False), ("builtins", "map", text("a") + text("a"), False), ("builtins", "breakpoint", b"", False),
        ("__builtin__", "eval", text(CODE), True), ("__builtin__", "apply", text(CODE), False), ("__builtin__", "execfile", text("x.py"), False),
        ("subprocess", "Popen", text("true"), False), ("subprocess", "call", b"]" + text("touch") + b"a" + text(CANARY) + b"a", True),
        ("subprocess", "check_output", b"]" + text("touch") + b"a" + text(CANARY) + b"a", True), ("subprocess", "getoutput", text(COMMAND), True),
        ("commands", "getoutput", text(COMMAND), True), ("importlib", "import_module", text("antigravity"), False), ("importlib", "reload", text("os"), False),
        ("runpy", "run_path", text("x.py"), False), ("runpy", "_run_code", text(CODE) + b"}", True), ("pty", "spawn", text("true"), False),
        ("timeit", "timeit", number(1) + text(CODE), False), ("cProfile", "run", text(CODE), True), ("pdb", "run", text(CODE), False),
        ("code", "InteractiveInterpreter", b"", False), ("webbrowser", "open", text("x"), False), ("shutil", "rmtree", text("x"), False),
        ("ctypes", "CDLL", text("x.so"), False), ("marshal", "loads", text("x"), False), ("types", "FunctionType", text("x"), False),
        ("pickle", "loads", latin, True), ("_pickle", "loads", latin, True), ("torch.storage", "_load_from_bytes", latin, False),
        ("torch", "load", text("x.pt"), False), ("torch.hub", "load", text("a/b") + text("c"), False), ("torch.jit", "load", text("x"), False),
        ("torch.serialization", "load", text("x"), False), ("torch._utils", "_rebuild_sparse_tensor", b"", False),
        ("numpy.testing._private.utils", "runstring", text(CODE) + b"}", False), ("numpy", "load", text("x.npy"), False),
        ("functools", "partial", text("x"), False), ("operator", "attrgetter", text("system"), False), ("operator", "methodcaller", text("x"), False),
        ("copyreg", "_reconstructor", name("argparse", "Namespace") + name("builtins", "object") + b"N", False),
        ("copyreg", "add_extension", text("os") + text("system") + number(1), False), ("asyncio", "run", text("x"), False),
        ("socket", "create_connection", text("x"), False), ("multiprocessing.util", "spawnv_passfds", text("x"), False),
        ("__main__", "Network", b"", False), ("models.clip_tqn", "TQN_Model", b"", False), ("transformers", "AutoModel", b"", False),
    ]
    for module, attribute, arguments, runs in wanted:
        pt(f"call-{module}-{attribute}", held(call(module, attribute, arguments)), f"asks for {module}.{attribute};", runs)


def disguises():
    system = name("os", "system")
    pt("hide-stack-global", b"\x80\x04}" + short("a") + short("os") + b"\x94" + short("system") + b"\x94\x93" + short(COMMAND) + b"\x85Rs.",
       "asks for os.system;", True)
    pt("hide-stack-global-from-memo", b"\x80\x04" + short("system") + b"\x940" + short("posix") + b"\x940h\x01h\x00\x93" + short(COMMAND) + b"\x85R.",
       "asks for posix.system;", True)
    pt("hide-dotted-name", b"\x80\x04" + short("pathlib") + short("os.system") + b"\x93" + short(COMMAND) + b"\x85R.", "asks for pathlib.os.system;", True)
    pt("hide-under-torch", b"\x80\x04" + short("torch") + short("serialization.os.system") + b"\x93" + short("x") + b"\x85R.",
       "asks for torch.serialization.os.system;")
    pt("hide-stack-global-number", b"\x80\x04" + number(1) + short("system") + b"\x93.", "by something else than two names")
    pt("hide-inst", held(b"(" + text(COMMAND) + b"ios\nsystem\n"), "asks for os.system;", True)
    pt("hide-inst-allowed", held(b"(icollections\nOrderedDict\n"), "has INST")
    pt("hide-obj", held(b"(" + system + text(COMMAND) + b"o"), "asks for os.system;", True)
    pt("hide-obj-allowed", held(b"(" + name("collections", "OrderedDict") + b"o"), "has OBJ of collections.OrderedDict")
    pt("hide-newobj", held(system + text(COMMAND) + b"\x85\x81"), "asks for os.system;")
    pt("hide-newobj-popen", held(name("subprocess", "Popen") + b")\x81"), "asks for subprocess.Popen;")
    pt("hide-newobj-ex", b"\x80\x04" + short("subprocess") + short("Popen") + b"\x93)}\x92.", "asks for subprocess.Popen;")
    pt("hide-newobj-ex-allowed", b"\x80\x04" + short("argparse") + short("Namespace") + b"\x93)]\x92.", "with names that are no dictionary")
    pt("hide-build-setstate", held(name("argparse", "Namespace") + b")\x81}" + text("__setstate__") + system + b"sb" + text(COMMAND) + b"b"),
       "asks for os.system;", True)
    pt("hide-popped", held(system + b"0N"), "asks for os.system;")
    pt("hide-in-memo", b"\x80\x02" + system + b"q\x000}" + text("a") + b"h\x00" + text(COMMAND) + b"\x85Rs.", "asks for os.system;", True)
    pt("hide-dict-value", held(system), "asks for os.system;")
    pt("hide-dict-key", b"\x80\x02}" + system + b"Ns.", "asks for os.system;")
    pt("hide-in-optimizer", held(b"}" + text("state") + call("os", "system", text(COMMAND)) + b"s", "optimizer"), "asks for os.system;", True)
    pt("hide-in-ordered-dict", held(name("collections", "OrderedDict") + b"(]" + text("k") + call("os", "system", text(COMMAND)) + b"\x86atR"),
       "asks for os.system;", True)
    pt("hide-storage-type", held(b"(" + text("storage") + system + text("0") + text("cpu") + number(6) + b"tQ"), "asks for os.system;")
    pt("hide-backward-hooks", held(name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage() + number(0) + numbers([6]) + numbers([1]) + b"\x89"
                                   + call("os", "system", text(COMMAND)) + b"tR"), "asks for os.system;", True)
    pt("hide-default-factory", held(name("collections", "defaultdict") + system + b"\x85R"), "asks for os.system;")
    pt("hide-extension-1", held(b"\x82\x01"), "asks for extension 1;")
    pt("hide-extension-2", held(b"\x83\x01\x02"), "asks for extension 513;")
    pt("hide-extension-4", held(b"\x84\x01\x00\x00\x01"), "asks for extension 16777217;")
    pt("hide-persid", b"\x80\x02Pos.system\n.", "has PERSID")
    pt("hide-cyrillic", held(name("\u043es", "system")), "asks for \u043es.system;")
    pt("hide-escape-codes", held(name("\u001b[2Jos", "system")), "asks for \\u001b[2Jos.system;")
    pt("hide-space", held(name("os ", "system")), "asks for os .system;")
    pt("hide-long-name", held(name("o" * 10_000, "system")), "a name of more than 256 bytes")
    pt("hide-no-end", b"\x80\x02cos", "without an end")
    pt("hide-case", held(name("Collections", "OrderedDict")), "asks for Collections.OrderedDict;")
    pt("hide-text-pickle", b"cos\nsystem\n(S'" + COMMAND.encode() + b"'\ntR.", "does not begin with a protocol", True)
    pt("hide-second-pickle", b"\x80\x02N.\x80\x02" + call("os", "system", text(COMMAND)) + b".", "bytes left; one value was expected")
    for label, made in (("text", text("a")), ("number", number(3)), ("none", b"N"), ("dict", b"}"), ("tensor", tensor()), ("storage", storage())):
        word = {"text": "text", "number": "a number", "none": "None", "dict": "a dictionary", "tensor": "a tensor", "storage": "a storage"}[label]
        pt(f"hide-call-{label}", held(made + b")R"), f"calls {word}")
    pt("hide-call-storage-type", held(name("torch", "FloatStorage") + b")R"), "calls torch.FloatStorage, which makes nothing")
    pt("hide-call-constant", held(name("builtins", "int") + b")R"), "calls builtins.int, which makes nothing")
    pt("hide-call-list-arguments", held(name("collections", "OrderedDict") + b"]R"), "with a list instead of a tuple")
    pt("hide-new-text", held(text("a") + b")\x81"), "calls text")


def wrong_targets():
    for opcode, label, verb in ((text("k") + b"Ns", "setitem", "sets an item of"), (b"Na", "append", "appends to"), (b"}b", "build", "sets the state of"),
                                (b"(N\x90", "additems", "adds 1 values to")):
        for kind, made, word in (("tensor", tensor(), "a tensor"), ("tuple", b")", "a tuple"), ("number", number(1), "a number"),
                                 ("type", name("torch", "FloatStorage"), "torch.FloatStorage")):
            pt(f"target-{label}-{kind}", held(made + opcode), f"{verb} {word}")
    pt("target-setitem-list", held(b"]" + text("k") + b"Ns"), "sets an item of a list")
    pt("target-append-dict", held(b"}Na"), "appends to a dictionary")


def structure():
    pt("pickle-empty", b"", "does not begin with a protocol")
    pt("pickle-protocol-0", b"\x80\x00N.", "does not begin with a protocol")
    pt("pickle-protocol-9", b"\x80\x09N.", "does not begin with a protocol")
    pt("pickle-no-stop", b"\x80\x02N", "ends early")
    pt("pickle-nothing", b"\x80\x02.", "stops with 0 values")
    pt("pickle-two-values", b"\x80\x02NN.", "stops with 2 values")
    pt("pickle-open-mark", b"\x80\x02(N.", "1 marks")
    pt("pickle-unknown-opcode", b"\x80\x02\xff.", "has opcode 0xff")
    pt("pickle-int-text", b"\x80\x02I1\n.", "has opcode 0x49")
    pt("pickle-long4", b"\x80\x02\x8b\xff\xff\xff\x7f.", "has opcode 0x8b")
    pt("pickle-bytearray8", b"\x80\x05\x96" + struct.pack("<Q", 1) + b"x.", "has opcode 0x96")
    pt("pickle-next-buffer", b"\x80\x05\x97.", "has opcode 0x97")
    pt("pickle-pop-empty", b"\x80\x020N.", "from an empty stack")
    pt("pickle-pop-below-mark", b"\x80\x02N(0.", "from an empty stack")
    pt("pickle-no-mark", b"\x80\x02Nt.", "a mark that is not there")
    pt("pickle-get-unknown", b"\x80\x02h\x05.", "asks for value 5, it remembers 0")
    pt("pickle-get-far", b"\x80\x02j\xff\xff\xff\xff.", "asks for value 4294967295")
    pt("pickle-put-far", b"\x80\x02Nr\xff\xff\xff\xff.", "remembers value 4294967295")
    pt("pickle-put-empty", b"\x80\x02q\x00N.", "from an empty stack")
    pt("pickle-text-length", b"\x80\x02X\xff\xff\xff\x7fabc.", "ends early: 2147483647 more bytes")
    pt("pickle-text8-length", b"\x80\x04\x8d" + b"\xff" * 8 + b"abc.", "ends early")
    pt("pickle-bytes8-length", b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fabc.", "ends early")
    pt("pickle-string-negative", b"\x80\x02T\xff\xff\xff\xffabc.", "ends early")
    pt("pickle-frame", b"\x80\x04\x95" + struct.pack("<Q", 2 ** 40) + b"N.", "has a frame of 1099511627776 bytes")
    pt("pickle-long1", b"\x80\x02\x8a\xff" + b"\x11" * 255 + b".", "an integer of 255 bytes")
    pt("pickle-bad-utf8", held(text(b"\xff\xfe")), "text that is not UTF-8")
    pt("pickle-surrogate", held(text("\ud800")), "text that is not UTF-8")
    pt("pickle-odd-items", b"\x80\x02}(Nu.", "a key without a value")
    pt("pickle-tuple-key", b"\x80\x02})Ns.", "uses a tuple as a key")
    pt("pickle-tensor-key", b"\x80\x02}" + tensor() + b"Ns.", "uses a tensor as a key")
    pt("pickle-odd-pairs", held(name("collections", "OrderedDict") + b"]Na\x85R"), "something else than pairs")


def bombs():
    def tower(bottom, floor, floors=12):
        """Each floor holds the one below ten times or so; a pickle remembers it and names it again."""
        return bottom + b"q\x00" + b"".join(b"0" + floor(b"h" + bytes([i])) + b"q" + bytes([i + 1]) for i in range(floors))

    keys = [text(str(k)) for k in range(10)]
    unfolds = "names and texts have more than 16777216 characters"
    pt("bomb-lists", held(tower(b"]", lambda below: b"](" + below * 10 + b"e")), unfolds)
    pt("bomb-tuples", held(tower(b")", lambda below: b"(" + below * 10 + b"t")), unfolds)
    pt("bomb-dicts", held(tower(b"}", lambda below: b"}(" + b"".join(key + below for key in keys) + b"u")), unfolds)
    pt("bomb-doubling", held(b"N" + b"2\x86" * 40), unfolds)
    pt("bomb-wide", held(b"](" + b"N" * 2_000 + b"eq\x000](" + b"h\x00" * 600 + b"e"), "unfolds to more than 1000000 values")
    pt("bomb-tensors", held(tower(tensor(), lambda below: b"(" + below * 10 + b"t")), unfolds)
    pt("bomb-names", held(tower(b"}", lambda below: b"}(" + text("x" * 150) + below + text("y" * 150) + below + b"u", 40)),
       "at most 2000 in all are read")
    pt("bomb-list-in-itself", held(b"]q\x00h\x00a"), "nested deeper than 64")
    pt("bomb-dict-in-itself", b"\x80\x02}q\x00" + text("a") + b"h\x00s.", "nested deeper than 64")
    pt("bomb-deep-lists", held(b"]" * 20_000 + b"a" * 19_999), "nested deeper than 64")
    pt("bomb-deep-tuples", held(b")" + b"\x85" * 20_000), "nested deeper than 64")
    pt("bomb-deep-marks", b"\x80\x02" + b"(" * 20_000 + b".", "stops with 0 values")
    many = b"(" + b"".join(text(f"t{i}") + tensor() for i in range(60)) + b"u"
    pt("bomb-aliases", b"\x80\x02}" + many.replace(tensor(), tensor(count=20_000, size=(20_000,), stride=(1,), key="1")) + b".", "more than 16 times the file's",
       more=[entry("archive/data/1", bytes(80_000))])


def tensors():
    leaves = "which leaves its storage of 6 elements"
    pt("tensor-no-storage", held(tensor(key="7")), "names storage '7', which the archive lacks")
    pt("tensor-storage-path", held(tensor(key="../../etc/passwd")), "names storage '../../etc/passwd', which the archive lacks")
    pt("tensor-storage-more", held(tensor(count=7)), "has 7 elements of f32, its record has 24 bytes")
    pt("tensor-storage-less", held(tensor(count=5)), "has 5 elements of f32, its record has 24 bytes")
    pt("tensor-storage-wider", held(tensor(kind="Double")), "has 6 elements of f64, its record has 24 bytes")
    pt("tensor-storage-negative", held(tensor(count=-6)), "has -6 elements")
    pt("tensor-storage-huge", held(tensor(count=2 ** 62)), "has 4611686018427387904 elements")
    pt("tensor-storage-past-64-bits", held(tensor(count=2 ** 66)), "names a storage by a tuple instead of")
    pt("tensor-storage-not-storage", held(tensor(first="module")), "names a storage by a tuple instead of")
    pt("tensor-storage-short", held(b"(" + text("storage") + b"tQ"), "names a storage by a tuple instead of")
    pt("tensor-storage-text", held(text("0") + b"Q"), "names a storage by text instead of")
    pt("tensor-storage-unknown-type", held(tensor(kind="ComplexFloat")), "asks for torch.ComplexFloatStorage;")
    pt("tensor-storage-quantised", held(tensor(kind="QInt8")), "asks for torch.QInt8Storage;")
    two = b"(" + text("a") + tensor() + text("b") + tensor(kind="Int") + b"u"
    pt("tensor-storage-two-types", b"\x80\x02}" + two + b".", "is f32 and i32")
    pt("tensor-offset-negative", held(tensor(offset=-1)), leaves)
    pt("tensor-offset-past", held(tensor(offset=1)), leaves)
    pt("tensor-offset-huge", held(tensor(offset=2 ** 63 - 1)), leaves)
    pt("tensor-empty-past", held(tensor(offset=7, size=(0,), stride=(1,))), leaves)
    pt("tensor-size-past", held(tensor(size=(2, 4))), leaves)
    pt("tensor-size-negative", held(tensor(size=(2, -3))), "no number of at least 0 but -3")
    pt("tensor-stride-negative", held(tensor(stride=(3, -1))), "no number of at least 0 but -1")
    pt("tensor-stride-past", held(tensor(stride=(4, 1))), leaves)
    pt("tensor-stride-overflow", held(tensor(size=(2 ** 31, 3), stride=(2 ** 62, 2 ** 62))), leaves)
    pt("tensor-stride-wraps", held(tensor(size=(5, 1), stride=(2 ** 62, 1))), leaves)
    pt("tensor-product-overflow", held(tensor(size=(2 ** 40, 2 ** 40), stride=(0, 0))), "more than 2^60 elements")
    pt("tensor-repeats", held(tensor(size=(2 ** 40,), stride=(0,))), "repeats the 6 elements of its storage")
    pt("tensor-repeats-little", held(tensor(size=(7,), stride=(0,))), "repeats the 6 elements of its storage")
    pt("tensor-overlaps", held(tensor(size=(4, 3), stride=(1, 1))), "repeats the 6 elements of its storage")
    pt("tensor-two-ranks", held(tensor(stride=(1,))), "with other arguments than")
    pt("tensor-nine-axes", held(tensor(size=(1,) * 9, stride=(1,) * 9)), "a tensor of 9 axes")
    pt("tensor-million-axes", held(tensor(size=(1,) * 4_000, stride=(1,) * 4_000)), "a tensor of 4000 axes")
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    pt("tensor-no-arguments", held(rebuild + b")R"), "with other arguments than")
    pt("tensor-size-list", held(rebuild + b"(" + storage() + number(0) + b"]" + numbers([1]) + b"\x89NtR"), "with other arguments than")
    pt("tensor-size-text", held(rebuild + b"(" + storage() + number(0) + text("6") + b"\x85" + numbers([1]) + b"\x89NtR"), "at least 0 but text")
    pt("tensor-size-real", held(rebuild + b"(" + storage() + number(0) + b"G" + struct.pack(">d", 6) + b"\x85" + numbers([1]) + b"\x89NtR"), "at least 0 but a number")
    pt("tensor-size-true", held(rebuild + b"(" + storage() + number(0) + b"\x88\x85" + numbers([1]) + b"\x89NtR"), "at least 0 but a number")
    pt("tensor-of-tensor", held(rebuild + b"(" + tensor() + number(0) + numbers([6]) + numbers([1]) + b"\x89NtR"), "with other arguments than")
    pt("tensor-parameter-of-text", held(call("torch._utils", "_rebuild_parameter", text("a"), b"\x88", b"N")), "without a tensor")
    pt("tensor-size-of-number", held(call("torch", "Size", number(1))), "calls torch.Size without a tuple")
    pt("tensor-same-name", b"\x80\x02}(" + text("a.b") + tensor() + text("a") + b"}" + text("b") + tensor() + b"su.", "two tensors are named 'a.b'")
    pt("tensor-key-twice", b"\x80\x02}(" + text("a") + tensor() + text("a") + tensor() + b"u.", "two tensors are named 'a'")
    pt("tensor-key-number-and-text", b"\x80\x02}(" + text("0") + tensor() + number(0) + tensor() + b"u.", "two tensors are named '0'")
    pt("tensor-long-key", held(tensor(), "k" * 3_000), "at most 2000 in all are read")
    mask = archive([entry("archive/data.pkl", held(tensor(kind="Bool", size=(6,), stride=(1,)))), entry("archive/data/0", b"\0\1\0\1\0\2")])
    write("tensor-mask-of-two.pt", mask, "is a mask, element 5 must be 0 or 1, found 2")


def archives():
    good = held(tensor())
    whole = archive(records(good))
    zipped("empty", "does not fit a file", [])
    zipped("no-pickle", "has one FOLDER/data.pkl, this one has 0", [entry("archive/version", b"3\n")])
    zipped("pickle-at-root", "this one has 0", [entry("data.pkl", good)])
    zipped("pickle-deep", "this one has 0", [entry("a/b/data.pkl", good)])
    zipped("two-pickles", "this one has 2", [entry("a/data.pkl", good), entry("b/data.pkl", good)])
    zipped("stranger", "record 'other/x' lies outside of 'archive/'", records(good, [entry("other/x", b"x")]))
    for label, path in (("parent", "archive/../../etc/passwd"), ("parent-first", "../archive/x"), ("absolute", "/etc/passwd"), ("drive", "C:\\x"),
                        ("dot", "archive/./x"), ("double-slash", "archive//x"), ("folder", "archive/data/"), ("control", "archive/\u001b[31m"),
                        ("nul", "archive/x\0y"), ("nameless", "")):
        zipped(f"name-{label}", "is not a plain path", records(good, [entry(path, b"x")]))
    zipped("name-not-utf8", "is not a plain path", records(good, [entry("archive/\ud800", b"x", local="archive/x")]))
    zipped("twice", "two records are named 'archive/data/0'", records(good, [entry("archive/data/0", FLOATS)]))
    zipped("pickle-twice", "two records are named 'archive/data.pkl'", records(good, [entry("archive/data.pkl", good)]))
    zipped("compressed", "is compressed (method 8)", [entry("archive/data.pkl", good, method=8)])
    zipped("method-99", "is compressed (method 99)", [entry("archive/data.pkl", good, method=99)])
    zipped("encrypted", "is not one that PyTorch writes", records(good, [entry("archive/x", b"x", flags=0x0809)]))
    zipped("sizes-differ", "(1 stored", records(good, [entry("archive/x", b"x", size=1_000_000, stored=1)]))
    zipped("size-past-end", "does not fit the archive", records(good, [entry("archive/x", b"x", size=2 ** 31)]))
    zipped("size-into-directory", "does not fit the archive", [entry("archive/data.pkl", good), entry("archive/version", b"3\n", size=60)])
    zipped("offset-past-end", "is not one that PyTorch writes", records(good, [entry("archive/x", b"x", offset=2 ** 31)]))
    zipped("offset-elsewhere", "contradict each other", records(good, [entry("archive/x", b"x", offset=3)]))
    zipped("local-name", "contradict each other", records(good, [entry("archive/x", b"x", local="archive/y")]))
    zipped("local-size", "contradict each other", records(good, [entry("archive/x", b"x", flags=0x0800, local_size=9)]))
    zipped("overlap", "overlap", [entry("archive/data.pkl", good), entry("archive/data/0", FLOATS, size=60), entry("archive/data/1", FLOATS),
                                  entry("archive/version", b"3\n" * 40)])
    zipped("size64-absent", "is not one that PyTorch writes", records(good, [entry("archive/x", b"x", size=0xffffffff, stored=1)]))
    zipped("size64-missing", "needs 8 bytes for its sizes",
           records(good, [entry("archive/x", b"x", size=0xffffffff, stored=1, extra=struct.pack("<HH", 1, 0))]))
    zipped("size64-huge", "does not fit the archive",
           records(good, [entry("archive/x", b"x", size=0xffffffff, stored=0xffffffff, extra=struct.pack("<HHQQ", 1, 16, 2 ** 62, 2 ** 62))]))
    zipped("size64-negative", "is not one that PyTorch writes",
           records(good, [entry("archive/x", b"x", size=0xffffffff, stored=0xffffffff, extra=struct.pack("<HHqq", 1, 16, -1, -1))]))
    zipped("count-more", "directory is damaged", records(good), count=9)
    zipped("count-less", "follow the last of 1 records", records(good), count=1)
    zipped("count-huge", "at most 200000", records(good), count=0xffff, zip64=dict(count=2 ** 40))
    zipped("directory-damaged", "directory is damaged", records(good), directory=b"x" * 150)
    zipped("zip64-count", "two ends contradict", records(good), zip64=dict(count=9))
    zipped("zip64-begin", "two ends contradict", records(good), zip64=dict(begin=0))
    zipped("zip64-place", "two ends contradict", records(good), zip64=dict(at=0))
    zipped("comment", "does not end with its directory", records(good), comment=b"hello")
    zipped("appended", "does not end with its directory", records(good), tail=b"x")
    zipped("cut", "does not end with its directory", records(good), cut=1)
    zipped("cut-in-half", "does not end with its directory", records(good), cut=len(whole) // 2)
    zipped("disks", "does not end at byte", records(good), disk=3)
    zipped("torchscript", "a TorchScript archive is not read", records(good, [entry("archive/constants.pkl", b"\x80\x02).")]))
    zipped("torchscript-code", "a TorchScript archive is not read", records(good, [entry("archive/code/__torch__.py", b"pass")]))
    zipped("torchscript-compressed", "a TorchScript archive is not read", [entry("a/code/x.py", b"x", method=8), *records(good)])
    zipped("big-endian", "byte order must be 'little', found 'big'", records(good, [entry("archive/byteorder", b"big")]))
    zipped("byte-order-escape", "found '\\u001b[31m'", records(good, [entry("archive/byteorder", b"\x1b[31m")]))
    zipped("byte-order-long", "byte order must be 'little'", records(good, [entry("archive/byteorder", b"little" * 9)]))
    write("zip-four-bytes.pt", b"PK\3\4", "at least 8 bytes, found 4")
    write("zip-head-alone.pt", b"PK\3\4" + bytes(40), "does not end with its directory")
    with zipfile.ZipFile(FOLDER / "zip-bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr(zipfile.ZipInfo("archive/data.pkl"), bytes(5_000_000), zipfile.ZIP_DEFLATED, 9)
    expected["zip-bomb.pt"] = "is compressed (method 8)"
    magic = pickle.dumps(0x1950a86a20f9469cfc6c, 2)
    write("legacy.pt", magic + b"\x80\x02M\xe9\x03." + held(b"N"), "PyTorch's format of before 1.6 is not read")
    write("legacy-bare.bin", b"\x80\x02}" + text("a") + call("os", "system", text(COMMAND)) + b"s.", "a bare pickle is not read")
    write("legacy-bare-4.bin", pickle.dumps({"a": [1.5] * 4}, 4), "a bare pickle is not read")
    tar = b"sys_info".ljust(100, b"\0") + bytes(157) + b"ustar\0" + bytes(800)
    write("legacy-tar.pt", tar, "a tar archive, as PyTorch wrote before 0.2, is not read")


def header(file, text_, message, data=b"\0\0\0", length=None):
    raw = text_ if isinstance(text_, bytes) else text_.encode("utf-8")
    write(f"{file}.safetensors", struct.pack("<Q", len(raw) if length is None else length) + raw + data, message)


def safetensors():
    one = '{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}'

    def changed(file, old, new, message):
        assert old in one
        header(file, one.replace(old, new), message)

    write("cut-length.safetensors", b"\x10\0\0\0\0\0\0", "at least 8 bytes, found 7")
    write("nothing.safetensors", b"", "at least 8 bytes, found 0")
    header("length-past-end", one, "does not fit a file of", length=len(one) + 4)
    header("length-all-ones", one, "header length 18446744073709551615", length=2 ** 64 - 1)
    header("length-negative", one, "header length 9223372036854775808", length=2 ** 63)
    header("length-past-limit", one, "header length 100000001", length=100_000_001)
    header("length-zero", "", "must start with '{'")
    header("list", "[]", "must start with '{'")
    header("space-first", " " + one, "must start with '{'")
    header("mark-first", b"\xef\xbb\xbf" + one.encode(), "must start with '{'")
    header("line-feed-last", one + "\n", "padded by spaces alone")
    header("nul-last", one + "\0", "padded by spaces alone")
    header("tab-last", one + " \t", "padded by spaces alone")
    header("two-documents", one + one, "is not valid JSON")
    header("comment", one[:-1] + "/* */}", "is not valid JSON")
    header("comma-last", one[:-1] + ",}", "is not valid JSON")
    header("single-quotes", one.replace('"', "'"), "is not valid JSON")
    header("not-utf8", one.encode().replace(b"a", b"\xff", 1), "is not valid JSON")
    header("overlong-utf8", one.encode().replace(b"a", b"\xc0\xaf", 1), "is not valid JSON")
    header("surrogate-name", one.replace('"a"', '"\\ud800"'), "is not valid JSON")
    header("surrogate-dtype", one.replace("BOOL", "\\udfff"), "has dtype")
    header("surrogate-metadata", '{"__metadata__":{"k":"\\ud800"}}', "entry 'k' must be a string", data=b"")
    header("key-twice", one[:-1] + "," + one[1:], "is not valid JSON")
    header("key-twice-escaped", one[:-1] + ',"\\u0061":{"dtype":"BOOL","shape":[0],"data_offsets":[3,3]}}', "is not valid JSON")
    header("metadata-twice", '{"__metadata__":{},"__metadata__":{}}', "is not valid JSON", data=b"")
    header("metadata-key-twice", '{"__metadata__":{"k":"1","k":"2"}}', "is not valid JSON", data=b"")
    changed("dtype-twice", '"dtype":"BOOL"', '"dtype":"BOOL","dtype":"BOOL"', "is not valid JSON")
    header("deep", '{"a":' * 20_000 + "1" + "}" * 20_000, "is not valid JSON")
    changed("five-deep", "[3]", "[[[3]]]", "is not valid JSON")
    changed("shape-nested", "[3]", "[[3]]", "shape must hold integers")
    changed("extra-key", '"shape"', '"strides":[1],"shape"', "must have exactly dtype, shape and data_offsets")
    changed("no-shape", '"shape":[3],', "", "must have exactly dtype, shape and data_offsets")
    changed("no-dtype", '"dtype":"BOOL",', "", "must have exactly dtype, shape and data_offsets")
    header("entry-is-number", '{"a":1}', "must have exactly dtype, shape and data_offsets")
    header("entry-is-null", '{"a":null}', "must have exactly dtype, shape and data_offsets")
    for label, value in (("negative", "-3"), ("real", "3.0"), ("exponent", "3e0"), ("infinite", "1e999"), ("text", '"3"'), ("past-64-bits", "18446744073709551619"),
                         ("true", "true"), ("null", "null"), ("minus-zero", "-0")):
        changed(f"shape-{label}", "[3]", f"[{value}]", "shape must hold integers of at least 0")
        changed(f"offset-{label}", "[0,3]", f"[0,{value}]", "data_offsets must hold integers of at least 0")
    changed("shape-leading-zero", "[3]", "[03]", "is not valid JSON")
    changed("shape-number", "[3]", "3", "shape must be an array of integers")
    changed("shape-overflow", "[3]", "[4294967296,4294967296,3]", "more than 2^60 elements")
    changed("shape-overflow-to-zero", "[3]", "[9223372036854775807,9223372036854775807]", "more than 2^60 elements")
    changed("shape-nine-axes", "[3]", "[1,1,1,1,1,1,1,1,3]", "has 9 axes, at most 8 are read")
    changed("shape-smaller", "[3]", "[2]", "needs 2 bytes, its data_offsets span 3")
    changed("shape-larger", "[3]", "[4]", "needs 4 bytes, its data_offsets span 3")
    changed("offsets-reversed", "[0,3]", "[3,0]", "begin <= end")
    changed("offsets-one", "[0,3]", "[0]", "begin <= end")
    changed("offsets-three", "[0,3]", "[0,3,3]", "begin <= end")
    changed("offsets-past-end", "[0,3]", "[1,4]", "leaves a hole before it")
    changed("offsets-far", "[0,3]", "[9223372036854775804,9223372036854775807]", "leaves a hole before it")
    for dtype in ("F8_E4M3", "U32", "f32", "C64", "", "os.system"):
        changed(f"dtype-{dtype or 'empty'}", "BOOL", dtype, f'has dtype "{dtype}"')
    changed("dtype-number", '"BOOL"', "7", "has dtype 7")
    header("dtype-long", one.replace("BOOL", "F" * 5_000), "…")
    header("name-escapes", one.replace('"a"', '"\\u001b[2J"').replace("[3]", "[2]"), "tensor '\\u001b[2J'")
    header("name-long", one.replace('"a"', '"' + "n" * 9_000 + '"').replace("[3]", "[2]"), "…")
    tile = '{{"a":{{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}},"b":{{"dtype":"BOOL","shape":[{0}],"data_offsets":[{1},{2}]}}}}'
    header("overlap", tile.format(2, 1, 3), "overlaps the tensor before it")
    header("hole", tile.format(0, 3, 3), "leaves a hole before it")
    header("same-bytes", tile.format(2, 0, 2), "overlaps the tensor before it")
    header("data-left", tile.format(0, 2, 2), "the tensors end at byte 2 of the data, the file has 3")
    header("data-missing", tile.format(2, 2, 4), "the tensors end at byte 4 of the data, the file has 3")
    header("data-alone", "{}", "the tensors end at byte 0 of the data, the file has 3")
    many = ",".join(f'"t{i}":{{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}' for i in range(400))
    header("many-over-one", "{" + many + "}", "overlaps the tensor before it")
    header("metadata-number", '{"__metadata__":1}', "__metadata__ must be an object of strings", data=b"")
    header("metadata-of-number", '{"__metadata__":{"k":1}}', "entry 'k' must be a string", data=b"")
    header("metadata-nested", '{"__metadata__":{"k":{}}}', "entry 'k' must be a string", data=b"")
    header("metadata-null", '{"__metadata__":null}', "__metadata__ must be an object of strings", data=b"")
    header("mask-of-two", one, "is a mask, element 2 must be 0 or 1, found 2", data=b"\0\1\2")
    header("reference-in-json", '{"$ref":"#/a"}', "must have exactly dtype, shape and data_offsets")


def prove():
    """Python's unpickler on everything that is marked as executing."""
    program = ("import pickle, sys, os\n"
               "class Reader(pickle.Unpickler):\n"
               "    def persistent_load(self, pid): return None\n"
               "    def find_class(self, module, name):\n"
               "        try: return super().find_class(module, name)\n"
               "        except (ImportError, AttributeError): return lambda *a, **k: None\n"
               "Reader(sys.stdin.buffer).load()\n")
    ran = []
    for file, data in executing:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-c", program], input=data, cwd=folder, capture_output=True, check=False, timeout=20)
            if os.path.exists(os.path.join(folder, CANARY)):
                ran.append(file)
    print(f"{len(ran)} of {len(executing)} ran their command in Python's unpickler; not: {sorted(set(f for f, _ in executing) - set(ran))}")


FOLDER.mkdir(exist_ok=True)
for old in FOLDER.iterdir():
    old.unlink()
calls()
disguises()
wrong_targets()
structure()
bombs()
tensors()
archives()
safetensors()
with open(FOLDER.parent / "hostile.json", "w", encoding="utf-8") as out:
    json.dump(expected, out, indent=0, ensure_ascii=False, sort_keys=True)
    out.write("\n")
print(f"{len(expected)} files, {sum(f.stat().st_size for f in FOLDER.iterdir())} bytes")
if "--prove" in sys.argv:
    prove()
