using Dwarf.Training.Config;
using Xunit;

namespace House.Tests;

public sealed class ConfigTests
{
    [Fact]
    public void Every_configuration_that_is_shipped_loads()
    {
        string[] files = [.. Repository.Files("configs", "*.yaml").Concat(Repository.Files("configs", "*.yml"))];
        Assert.Equal(4, files.Length);
        foreach (string file in files)
        {
            RunConfig config = ConfigLoader.Load(file);
            Assert.NotEmpty(config.Findings);
            Assert.True(File.Exists(config.Model.Text.Vocab), $"{file}: {config.Model.Text.Vocab} is not there");
            if (Path.GetFileName(file).StartsWith("kad-", StringComparison.Ordinal))
            {
                // Examples for data that are not in the repository: they say so, and their networks can be built.
                Assert.Contains("An example to copy", File.ReadAllText(file), StringComparison.Ordinal);
                config.Network(vocabulary: 30522).Validate();
                continue;
            }
            foreach (string path in new[] { config.Data.Labels, config.Data.Annotations }.OfType<string>())
            {
                Assert.True(File.Exists(path), $"{file}: {path} is not there");
            }
            Assert.True(config.Data.Images is null || Directory.Exists(config.Data.Images), $"{file}: {config.Data.Images} is not there");
        }
    }

    [Fact]
    public void The_list_of_keys_in_docs_is_that_of_the_schema()
    {
        string file = Path.Combine(Repository.Root, "docs", "configuration.md");
        if (Environment.GetEnvironmentVariable("DWARF_WRITE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, ConfigReference.Markdown());
        }
        Assert.True(ConfigReference.Markdown() == File.ReadAllText(file), "docs/configuration.md is old; its first lines say how to write it");
    }
}
