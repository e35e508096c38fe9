using System.Text;
using System.Threading.Channels;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// The program's two streams behind one bounded queue, written by one task: a terminal that is stopped holds up what is
/// printed, and nothing else. Data (stdout) waits for room, and with it the network; what is said about it (stderr) is
/// counted and left out while there is none.
/// </summary>
internal sealed class Output : IAsyncDisposable
{
    private const int Capacity = 1024;

    private readonly Channel<(StreamWriter To, string Line)> _lines = Channel.CreateBounded<(StreamWriter, string)>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly StreamWriter _data;
    private readonly StreamWriter _talk;
    private readonly Task _writing;
    private long _leftOut;

    public Output(Stream data, Stream talk)
    {
        _data = new StreamWriter(data, new UTF8Encoding(false));
        _talk = new StreamWriter(talk, new UTF8Encoding(false));
        _writing = Task.Factory.StartNew(WriteAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Data, one line. Done when it is taken; fails once nobody reads it any more.</summary>
    public ValueTask PrintAsync(string line) => _lines.Writer.WriteAsync((_data, line));

    /// <summary>Something said about the run, one line.</summary>
    public void Say(string line)
    {
        if (!_lines.Writer.TryWrite((_talk, line)))
            Interlocked.Increment(ref _leftOut);
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _lines.Reader.WaitToReadAsync())
            {
                while (_lines.Reader.TryRead(out var item))
                    await item.To.WriteLineAsync(item.Line);
                if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and var leftOut)
                    await _talk.WriteLineAsync($"({leftOut} lines left out: they came faster than they could be printed)");
                await _data.FlushAsync();
                await _talk.FlushAsync();
            }
        }
        catch (IOException e)
        {
            // Nobody reads any more (| head): whoever still prints is told so.
            _lines.Writer.TryComplete(e);
        }
    }
}
