using System.Text;
using ActorSockets.Host;
using ActorSockets.Host.Commands;
using ActorSockets.Host.Reporting;

if (StandardDescriptors.FindClosedOutput() is { } closed)
{
    if (closed.TellOn is { } descriptor)
        StandardStream.Open(descriptor).Write(Encoding.UTF8.GetBytes($"error: {closed.Error}\n"));
    return ExitCodes.Usage;
}

// The console's own writers send a terminal control sequences, and swallow a closed pipe.
Console.SetOut(new StreamWriter(StandardStream.Open(1)) { AutoFlush = true });
Console.SetError(new StreamWriter(StandardStream.Open(2)) { AutoFlush = true });
return await CommandLine.RunAsync(args);
