using System.CommandLine;
using ActorSockets.Configuration;
using ActorSockets.Host.Reporting;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets top [URL]</c>: the live table of a program that runs elsewhere.</summary>
internal static class TopCommand
{
    private const int MaxRows = 1000;

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var (url, tokenFile) = (RemoteProgram.CreateUrl(), RemoteProgram.CreateTokenFile());
        var top = new Command("top", "Shows the live table of a program that runs with web.enabled = on. Without a terminal it prints the table once.") { url, tokenFile };
        top.SetAction(async (parsed, _) =>
        {
            var page = RemoteProgram.Address(parsed.GetValue(url))!;
            try
            {
                using var program = new RemoteProgram(page, parsed.GetValue(tokenFile));
                await (Terminal.IsThere && Terminal.TakesData ? WatchAsync(program) : PrintAsync(program));
                return ExitCodes.Success;
            }
            catch (IOException e)
            {
                return await UserErrors.TellAsync([new SettingError(page.ToString(), e.Message)], ExitCodes.Failure, asJson: false);
            }
        });
        return top;
    }

    private static async Task PrintAsync(RemoteProgram program)
    {
        var table = new LiveTable(await program.OverviewAsync(), MaxRows);
        foreach (var line in table.RenderPlain(width: 120, height: MaxRows + 100))
            await Console.Out.WriteLineAsync(line.TrimEnd());
    }

    private static async Task WatchAsync(RemoteProgram program)
    {
        using var signals = new StopSignals();
        using var terminal = StandardStream.Open(2);
        var region = new LiveRegion(terminal);
        try
        {
            while (!signals.First.IsCompleted)
            {
                region.Show(new LiveTable(await program.OverviewAsync(signals.Stopped), MaxRows));
                region.Draw();
                await Task.WhenAny(signals.First, Task.Delay(RefreshInterval));
            }
        }
        catch (OperationCanceledException)
        {
            // A signal came while the program was asked. The last table stays.
        }
        catch (IOException)
        {
            region.Erase();
            throw;
        }
    }
}
