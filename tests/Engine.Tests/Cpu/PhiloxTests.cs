using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cpu;

public sealed unsafe class PhiloxTests
{
    // The known answer of key 0, counter 0 in Random123, the authors' library.
    [Theory]
    [InlineData(0UL, 0UL, new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 })]
    public void Words_are_those_of_the_published_generator(ulong seed, ulong block, uint[] expected)
    {
        for (uint i = 0; i < 4; i++)
        {
            Assert.Equal(expected[i], Philox.Word(seed, (4 * block) + i));
        }
    }

    [Theory]
    [InlineData(0UL, 0UL, 100)]
    [InlineData(0x0123456789abcdefUL, 3UL, 131)]
    [InlineData(ulong.MaxValue, 0x3fffffffcUL, 77)]     // the block number crosses 2^32
    public void A_fill_equals_word_by_word(ulong seed, ulong first, int count)
    {
        var words = new uint[count];
        fixed (uint* pointer = words)
        {
            Philox.Words(seed, first, pointer, count);
        }

        Assert.Equal(Enumerable.Range(0, count).Select(i => Philox.Word(seed, first + (ulong)i)), words);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(0.1)]
    [InlineData(1)]
    public void Factors_follow_the_uniform_number(double p)
    {
        const int Count = 1000;
        var (singles, doubles) = (new float[Count], new double[Count]);
        fixed (float* s = singles)
        {
            Philox.DropoutFactors(7, 5, p, s, Count);
        }

        fixed (double* d = doubles)
        {
            Philox.DropoutFactors(7, 5, p, d, Count);
        }

        for (int i = 0; i < Count; i++)
        {
            double expected = Philox.Uniform(7, 5 + (ulong)i) >= p ? 1 / (1 - p) : 0;
            Assert.Equal(expected, doubles[i]);
            Assert.Equal((float)expected, singles[i]);
        }
    }
}
