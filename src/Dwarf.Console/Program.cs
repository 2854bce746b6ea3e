using Dwarf.Cli;

using var streams = StandardStreams.Open();
using var interruption = Interruption.OfProcess(streams.Error);
return Host.Run(args, streams.Out, streams.Error, streams.Terminal, interruption);
