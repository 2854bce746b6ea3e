using System.Buffers.Binary;

namespace Dwarf.Tests.Fuzz;

/// <summary>Damages files at random; the same number gives the same damage.</summary>
internal sealed class Mutator(ulong seed)
{
    private static readonly long[] Interesting =
        [0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 1L << 32, 1L << 40, long.MaxValue, long.MinValue, -1, -2];

    private ulong _state = seed;

    /// <summary>A number below a limit.</summary>
    public int Below(int limit)
    {
        // SplitMix64.
        ulong z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return (int)((z ^ (z >> 31)) % (ulong)Math.Max(1, limit));
    }

    /// <summary>A damaged copy.</summary>
    /// <param name="source">a file</param>
    /// <param name="other">another one, from which parts may come</param>
    public byte[] Damage(byte[] source, byte[] other)
    {
        var bytes = new List<byte>(source);
        for (int rounds = 1 + Below(4); rounds > 0; rounds--)
        {
            Once(bytes, other);
        }

        return [.. bytes];
    }

    private void Once(List<byte> bytes, byte[] other)
    {
        int at = Below(bytes.Count), length = Math.Min(1 + Below(1 + Below(64)), bytes.Count - at);
        switch (Below(9))
        {
            case 0 when bytes.Count > 0:
                bytes[at] ^= (byte)(1 << Below(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[at] = (byte)Below(256);
                break;
            case 2 or 3:
                Number(bytes, at);
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                int from = Below(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(length, other.Length - from)).ToArray());
                break;
            default:
                int to = Below(bytes.Count);
                for (int i = 0; i < length && to + i < bytes.Count; i++)
                {
                    bytes[to + i] = bytes[at + i];
                }

                break;
        }
    }

    private void Number(List<byte> bytes, int at)
    {
        int size = 1 << Below(4);
        long value = Interesting[Below(Interesting.Length)] + Below(3) - 1;
        Span<byte> word = stackalloc byte[8];
        if (Below(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(word, value);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(word, value);
            word = word[(8 - size)..];
        }

        for (int i = 0; i < size && at + i < bytes.Count; i++)
        {
            bytes[at + i] = word[i];
        }
    }
}
