using Dwarf.Cli;

using var streams = StandardStreams.Open();
using var interruption = Interruption.OfProcess(streams.Error);
AppDomain.CurrentDomain.UnhandledException += (_, crash) => Host.Crash(crash.ExceptionObject, streams.Error, interruption);
return Host.Run(args, streams.Out, streams.Error, streams.Terminal, interruption);
