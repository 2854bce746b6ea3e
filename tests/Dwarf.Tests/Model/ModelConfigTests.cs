using Dwarf.Model;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class ModelConfigTests
{
    [Fact]
    public void The_defaults_are_vit_b_16_bert_base_and_kads_decoder()
    {
        var config = new ModelConfig();
        config.Validate();
        Assert.Equal((14, 14, 196), (config.Image.GridRows, config.Image.GridColumns, config.Image.Patches));
    }

    [Fact]
    public void Sizes_that_do_not_fit_each_other_are_named_with_those_that_would()
    {
        var error = Assert.Throws<DwarfException>(() => (TinyModel.Config with { Decoder = new DecoderConfig { Heads = 3 } }).Validate());
        Assert.Equal(
            (ErrorKind.Configuration, "decoder.heads: 3 does not divide image.width 8; use 1, 2, 4, 8"), (error.Kind, error.Message));
        Assert.Throws<DwarfException>(() => (TinyModel.Config with { Image = TinyModel.Config.Image with { Patch = 5 } }).Validate());
        Assert.Throws<DwarfException>(() => (TinyModel.Config with { Image = TinyModel.Config.Image with { Layers = 0 } }).Validate());
        Assert.Throws<DwarfException>(() => (TinyModel.Config with { Decoder = new DecoderConfig { Dropout = double.NaN } }).Validate());
    }
}
