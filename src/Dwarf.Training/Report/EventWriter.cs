using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Dwarf.Training.Report;

/// <summary>
/// Writes a TensorBoard event file: TFRecord frames, each with an Event message in protocol-buffer encoding. It is the one file of a
/// run with clock time in it, since the format asks for it; the clock is handed in.
/// </summary>
/// <remarks>
/// Frame: u64 length, masked CRC-32C of those 8 bytes, data, masked CRC-32C of the data. Messages: tensorflow's event.proto and
/// summary.proto; only the fields that scalars and images need.
/// </remarks>
public sealed class EventWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly Func<double> _clock;

    /// <summary>Writes to a stream that this writer will dispose of.</summary>
    /// <param name="stream">empty, writable</param>
    /// <param name="clock">seconds since 1970</param>
    public EventWriter(Stream stream, Func<double> clock)
    {
        _stream = stream;
        _clock = clock;
        Message version = new();
        version.Text(3, "brain.Event:2");
        WriteEvent(version, null);
    }

    /// <summary>A new file `events.out.tfevents.SECONDS.dwarf` in a folder (with a number behind it where that one exists).</summary>
    public static EventWriter Create(string folder, Func<double> clock)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{(long)clock():D10}.dwarf");
        var path = Path.Combine(folder, name);
        for (var n = 1; File.Exists(path); n++)
        {
            path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{n}"));
        }

        return new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read), clock);
    }

    /// <summary>Adds a number; NaN is written as such, TensorBoard shows it.</summary>
    public void Scalar(string tag, double value, long step)
    {
        Message summaryValue = new();
        summaryValue.Text(1, tag);
        summaryValue.Fixed32(2, BitConverter.SingleToUInt32Bits((float)value));
        WriteSummary(summaryValue, step);
    }

    /// <summary>Adds a picture.</summary>
    /// <param name="tag">its name</param>
    /// <param name="png">the encoded picture, RGB</param>
    /// <param name="width">pixels</param>
    /// <param name="height">pixels</param>
    /// <param name="step">when</param>
    public void Image(string tag, byte[] png, int width, int height, long step)
    {
        Message image = new();
        image.Varint(1, (ulong)height);
        image.Varint(2, (ulong)width);
        image.Varint(3, 3);
        image.Bytes(4, png);
        Message summaryValue = new();
        summaryValue.Text(1, tag);
        summaryValue.Bytes(4, image.ToSpan());
        WriteSummary(summaryValue, step);
    }

    /// <summary>Hands everything to the operating system.</summary>
    public void Flush() => _stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void WriteSummary(Message summaryValue, long step)
    {
        Message summary = new();
        summary.Bytes(1, summaryValue.ToSpan());
        Message content = new();
        content.Bytes(5, summary.ToSpan());
        WriteEvent(content, step);
    }

    private void WriteEvent(Message content, long? step)
    {
        Message head = new();
        head.Fixed64(1, BitConverter.DoubleToUInt64Bits(_clock()));
        if (step is not null)
        {
            head.Varint(2, (ulong)step.Value);
        }

        byte[] data = [.. head.ToSpan(), .. content.ToSpan()];
        Span<byte> frame = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], MaskedCrc(frame[..8]));
        _stream.Write(frame);
        _stream.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, MaskedCrc(data));
        _stream.Write(frame[..4]);
    }

    /// <summary>CRC-32C, rotated and shifted as TFRecord wants it (so that a CRC of data that holds CRCs stays meaningful).</summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        crc = ~crc;
        return unchecked(BitOperations.RotateRight(crc, 15) + 0xa282ead8u);
    }

    /// <summary>A protocol-buffer message under construction.</summary>
    private sealed class Message
    {
        private readonly List<byte> _bytes = [];

        public ReadOnlySpan<byte> ToSpan() => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

        public void Varint(int field, ulong value)
        {
            Raw((ulong)field << 3);
            Raw(value);
        }

        public void Fixed64(int field, ulong value)
        {
            Raw(((ulong)field << 3) | 1);
            Span<byte> word = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(word, value);
            _bytes.AddRange(word);
        }

        public void Fixed32(int field, uint value)
        {
            Raw(((ulong)field << 3) | 5);
            Span<byte> word = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(word, value);
            _bytes.AddRange(word);
        }

        public void Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        public void Bytes(int field, ReadOnlySpan<byte> data)
        {
            Raw(((ulong)field << 3) | 2);
            Raw((ulong)data.Length);
            _bytes.AddRange(data);
        }

        private void Raw(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
            {
                _bytes.Add((byte)(value | 0x80));
            }

            _bytes.Add((byte)value);
        }
    }
}
