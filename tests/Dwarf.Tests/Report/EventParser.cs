using System.Buffers.Binary;
using System.Text;

namespace Dwarf.Tests.Report;

/// <summary>Reads event files with a CRC and a protocol-buffer reader of its own: nothing in common with the writer.</summary>
internal static class EventParser
{
    internal sealed record Event(double WallTime, long Step, string? Version, string? Tag, float? Scalar, byte[]? Png, int Width, int Height);

    public static List<Event> Parse(byte[] file)
    {
        List<Event> events = [];
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            CheckCrc(file.AsSpan(at, 8), file.AsSpan(at + 8));
            var data = file.AsSpan(at + 12, length).ToArray();
            CheckCrc(data, file.AsSpan(at + 12 + length));
            events.Add(ToEvent(data));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C bit by bit: the reflected polynomial 0x82F63B78.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
            }
        }

        return crc ^ 0xFFFFFFFFu;
    }

    private static void CheckCrc(ReadOnlySpan<byte> data, ReadOnlySpan<byte> stored)
    {
        var crc = Crc32C(data);
        var masked = (uint)((((ulong)crc >> 15) | ((ulong)crc << 17 & 0xFFFFFFFF)) + 0xa282ead8UL);
        if (masked != BinaryPrimitives.ReadUInt32LittleEndian(stored))
        {
            throw new InvalidDataException("CRC differs");
        }
    }

    private static Event ToEvent(byte[] data)
    {
        var top = Fields(data);
        var value = top.TryGetValue(5, out var summary) ? Fields((byte[])Fields((byte[])summary)[1]) : [];
        var image = value.TryGetValue(4, out var bytes) ? Fields((byte[])bytes) : [];
        return new(
            BitConverter.UInt64BitsToDouble((ulong)top[1]),
            top.TryGetValue(2, out var step) ? (long)(ulong)step : 0,
            top.TryGetValue(3, out var version) ? Encoding.UTF8.GetString((byte[])version) : null,
            value.TryGetValue(1, out var tag) ? Encoding.UTF8.GetString((byte[])tag) : null,
            value.TryGetValue(2, out var scalar) ? BitConverter.UInt32BitsToSingle((uint)scalar) : null,
            image.TryGetValue(4, out var png) ? (byte[])png : null,
            image.TryGetValue(2, out var width) ? (int)(ulong)width : 0,
            image.TryGetValue(1, out var height) ? (int)(ulong)height : 0);
    }

    private static Dictionary<int, object> Fields(byte[] message)
    {
        Dictionary<int, object> fields = [];
        var at = 0;
        while (at < message.Length)
        {
            var key = Varint(message, ref at);
            object value;
            switch (key & 7)
            {
                case 0:
                    value = Varint(message, ref at);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    value = message.AsSpan(at, length).ToArray();
                    at += length;
                    break;
                case 5:
                    value = BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {key & 7}");
            }

            fields.Add((int)(key >> 3), value);
        }

        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = message[at++];
            value |= (ulong)(b & 0x7F) << shift;
            if ((b & 0x80) == 0)
            {
                return value;
            }
        }
    }
}
