using Dwarf.Training.Data;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public sealed class SafePathTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-path-").FullName;

    public SafePathTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "root", "deep"));
        File.WriteAllText(Path.Combine(_folder, "secret.png"), "x");
        File.WriteAllText(Path.Combine(_folder, "root", "deep", "a.png"), "x");
        File.CreateSymbolicLink(Path.Combine(_folder, "root", "out.png"), Path.Combine(_folder, "secret.png"));
        File.CreateSymbolicLink(Path.Combine(_folder, "root", "relative.png"), "../secret.png");
        File.CreateSymbolicLink(Path.Combine(_folder, "root", "in.png"), "deep/a.png");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "root", "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "door"), "root");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("deep/a.png")]
    [InlineData("in.png")]
    [InlineData("not there yet.png")]
    [InlineData("..hidden")]
    public void Names_inside_the_folder_are_fine(string name)
    {
        foreach (string root in (string[])["root", "door"])
        {
            string folder = Path.Combine(_folder, root);
            Assert.Equal(Path.Combine(folder, name), new SafePath(folder).Resolve(name, out string? problem));
            Assert.Null(problem);
        }
    }

    [Theory]
    [InlineData("../secret.png")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("deep/../../secret.png")]
    [InlineData("C:\\a.png")]
    [InlineData("deep\\a.png")]
    [InlineData("a\0.png")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("out.png")]
    [InlineData("relative.png")]
    [InlineData("up/secret.png")]
    public void Names_that_lead_out_are_refused(string name)
    {
        Assert.Null(new SafePath(Path.Combine(_folder, "root")).Resolve(name, out string? problem));
        Assert.NotNull(problem);
    }

    [Fact]
    public void A_name_of_4096_characters_is_refused() => Assert.NotNull(SafePath.Problem(new string('a', 4096)));

    [Fact]
    public void A_missing_folder_is_missing_input() =>
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => new SafePath(Path.Combine(_folder, "none"))).Kind);

    [Fact]
    public void A_device_is_refused_without_reading_it()
    {
        if (File.Exists("/dev/zero"))
        {
            Assert.Contains("pipe or device", Assert.Throws<DwarfException>(() => InputFile.ReadAllBytes("/dev/zero")).Message, StringComparison.Ordinal);
        }
    }
}
