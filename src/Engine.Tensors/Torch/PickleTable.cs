namespace Engine.Tensors.Torch;

/// <summary>
/// Every global that a weight file may name. The table is data: no name is ever looked up as a class or function, here or elsewhere,
/// so a file that asks for anything else can only be refused.
/// </summary>
internal static class PickleTable
{
    private static readonly Dictionary<string, PickleGlobal> Globals = Build();

    /// <summary>Finds a global.</summary>
    /// <param name="name">module, dot, name</param>
    /// <returns>null if it is not allowed</returns>
    public static PickleGlobal? Find(string name) => Globals.GetValueOrDefault(name);

    private static Dictionary<string, PickleGlobal> Build()
    {
        var globals = new Dictionary<string, PickleGlobal>(StringComparer.Ordinal);
        void Add(PickleKind kind, string module, params string[] names)
        {
            foreach (string name in names)
            {
                globals.Add($"{module}.{name}", new PickleGlobal($"{module}.{name}", kind));
            }
        }

        Add(PickleKind.Tensor, "torch._utils", "_rebuild_tensor", "_rebuild_tensor_v2");
        Add(PickleKind.Parameter, "torch._utils", "_rebuild_parameter", "_rebuild_parameter_with_state");
        Add(PickleKind.Size, "torch", "Size");
        Add(PickleKind.Opaque, "torch", "device");
        Add(PickleKind.Constant, "torch", "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool");
        foreach (var (name, element) in ((string, StoredType)[])
            [
                ("Double", StoredType.F64), ("Float", StoredType.F32), ("Half", StoredType.F16), ("BFloat16", StoredType.BF16),
                ("Long", StoredType.I64), ("Int", StoredType.I32), ("Short", StoredType.I16), ("Char", StoredType.I8),
                ("Byte", StoredType.U8), ("Bool", StoredType.Bool),
            ])
        {
            string full = $"torch.{name}Storage";
            globals.Add(full, new PickleGlobal(full, PickleKind.Storage, element));
        }

        // What checkpoints hold beside tensors: plain containers, and the classes of settings read from YAML or the command line.
        Add(PickleKind.Dict, "collections", "OrderedDict", "defaultdict");
        foreach (string module in (string[])["builtins", "__builtin__"])
        {
            Add(PickleKind.Opaque, module, "set", "frozenset", "complex", "bytearray");
            Add(PickleKind.Constant, module, "dict", "list", "tuple", "int", "float", "str", "bool");
        }

        Add(PickleKind.Opaque, "collections", "Counter");    // the milestones of a torch.optim.lr_scheduler.MultiStepLR
        Add(PickleKind.Opaque, "_codecs", "encode");
        Add(PickleKind.Opaque, "argparse", "Namespace");
        Add(PickleKind.Opaque, "pathlib", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath");
        Add(PickleKind.Opaque, "numpy", "dtype", "ndarray");
        Add(PickleKind.Opaque, "numpy.core.multiarray", "scalar", "_reconstruct");
        Add(PickleKind.Opaque, "numpy._core.multiarray", "scalar", "_reconstruct");
        Add(PickleKind.Dict, "factory.utils", "AttrDict");
        foreach (string yaml in (string[])["ruamel.yaml", "ruamel_yaml"])
        {
            Add(PickleKind.Dict, $"{yaml}.comments", "CommentedMap", "CommentedOrderedMap", "CommentedKeyMap");
            Add(PickleKind.Dict, $"{yaml}.compat", "ordereddict");
            Add(PickleKind.List, $"{yaml}.comments", "CommentedSeq", "CommentedKeySeq");
            Add(PickleKind.Opaque, $"{yaml}.comments", "Comment", "Format", "LineCol", "Anchor", "Tag", "CommentedSet", "TaggedScalar");
            Add(PickleKind.Opaque, $"{yaml}.anchor", "Anchor");
            Add(PickleKind.Opaque, $"{yaml}.tag", "Tag");
            Add(PickleKind.Opaque, $"{yaml}.mergevalue", "MergeValue");
            Add(PickleKind.Opaque, $"{yaml}.tokens", "CommentToken");
            Add(PickleKind.Opaque, $"{yaml}.error", "StringMark", "FileMark", "StreamMark", "CommentMark");
            Add(PickleKind.Scalar, $"{yaml}.scalarfloat", "ScalarFloat", "ExponentialFloat", "ExponentialCapsFloat");
            Add(PickleKind.Scalar, $"{yaml}.scalarint", "ScalarInt", "DecimalInt", "BinaryInt", "OctalInt", "HexInt", "HexCapsInt");
            Add(PickleKind.Scalar, $"{yaml}.scalarbool", "ScalarBoolean");
            Add(PickleKind.Scalar, $"{yaml}.scalarstring", "ScalarString", "PlainScalarString", "LiteralScalarString", "FoldedScalarString");
            Add(PickleKind.Scalar, $"{yaml}.scalarstring", "SingleQuotedScalarString", "DoubleQuotedScalarString");
        }

        return globals;
    }
}
