namespace Ptx.Tests.Interpreter;

/// <summary>Special registers: constant for a thread during its whole life, so they are filled in once.</summary>
public static class SpecialRegisters
{
    private static readonly string[] s_known =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y",
        "%nctaid.z", "%laneid", "%warpid", "%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt",
    ];

    /// <summary>The slot of a special register, -1 for any other name.</summary>
    public static int Slot(Entry entry, string name) => s_known.Contains(name) ? entry.Special(name) : -1;

    /// <summary>The value that a lane of a warp sees.</summary>
    public static uint Value(string name, Warp warp, int lane)
    {
        Block block = warp.Block;
        int thread = warp.Index * 32 + lane;
        (uint x, uint y, uint z) = block.Thread(thread);
        uint bit = 1u << lane;
        return name switch
        {
            "%tid.x" => x,
            "%tid.y" => y,
            "%tid.z" => z,
            "%ntid.x" => block.Size.X,
            "%ntid.y" => block.Size.Y,
            "%ntid.z" => block.Size.Z,
            "%ctaid.x" => block.Index.X,
            "%ctaid.y" => block.Index.Y,
            "%ctaid.z" => block.Index.Z,
            "%nctaid.x" => block.Grid.X,
            "%nctaid.y" => block.Grid.Y,
            "%nctaid.z" => block.Grid.Z,
            "%laneid" => (uint)lane,
            "%warpid" => (uint)warp.Index,
            "%lanemask_eq" => bit,
            "%lanemask_lt" => bit - 1,
            "%lanemask_le" => bit | (bit - 1),
            "%lanemask_ge" => ~(bit - 1),
            _ => ~(bit | (bit - 1)),
        };
    }
}
