using BenchmarkDotNet.Running;

// dotnet run -c Release --project bench/Engine.Bench -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Engine.Bench.Products).Assembly).Run(args);
