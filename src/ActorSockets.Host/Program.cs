using ActorSockets.Host.Commands;
using ActorSockets.Host.Reporting;

// The console's own writers send a terminal control sequences, and swallow a closed pipe.
Console.SetOut(new StreamWriter(StandardStream.Open(1)) { AutoFlush = true });
Console.SetError(new StreamWriter(StandardStream.Open(2)) { AutoFlush = true });
return await CommandLine.RunAsync(args);
