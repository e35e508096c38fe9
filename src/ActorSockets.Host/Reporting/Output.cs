using System.Text;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// The program's two streams behind one bounded queue, written by one task: a terminal that is stopped holds up what is
/// printed, and nothing else. Data (stdout) is done when it is written, and the network waits for that; what is said about
/// it (stderr) is counted and left out while there is no room.
/// </summary>
internal sealed class Output : IAsyncDisposable
{
    private const int Capacity = 1024;
    private static readonly TimeSpan LastLinesTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly StreamWriter _data = Writer(1);
    private readonly StreamWriter _talk = Writer(2);
    private readonly Task _writing;
    private long _leftOut;

    public Output() =>
        _writing = Task.Factory.StartNew(WriteAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    /// <summary>Data, one or more lines. Done when they are written; fails when they cannot be, as when nobody reads any more.</summary>
    public async ValueTask PrintAsync(string lines)
    {
        var item = new Item(lines, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _items.Writer.WriteAsync(item);
        await item.Written!.Task;
    }

    /// <summary>Something said about the run, one line.</summary>
    public void Say(string line)
    {
        if (!_items.Writer.TryWrite(new Item(line, null)))
            Interlocked.Increment(ref _leftOut);
    }

    /// <summary>Waits for the last lines, but for no reader that has stopped reading.</summary>
    public async ValueTask DisposeAsync()
    {
        _items.Writer.TryComplete();
        await Task.WhenAny(_writing, Task.Delay(LastLinesTimeout));
    }

    private async Task WriteAsync()
    {
        var written = new List<Item>();
        while (await _items.Reader.WaitToReadAsync())
        {
            while (written.Count < Capacity && _items.Reader.TryRead(out var item))
            {
                written.Add(item);
                await TryAsync(item.Written is null ? _talk : _data, w => w.WriteAsync(item.Lines + "\n"));
            }

            if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and var leftOut)
                await TryAsync(_talk, w => w.WriteAsync($"({leftOut} lines left out: they came faster than they could be printed)\n"));

            await TryAsync(_talk, w => w.FlushAsync());
            var failure = await TryAsync(_data, w => w.FlushAsync());
            foreach (var item in written.Where(i => i.Written is not null))
            {
                if (failure is null)
                    item.Written!.SetResult();
                else
                    item.Written!.SetException(failure);
            }

            written.Clear();
        }
    }

    /// <summary>One stream that cannot be written any more (| head, a full disk) does not silence the other.</summary>
    private static async Task<IOException?> TryAsync(StreamWriter writer, Func<StreamWriter, Task> write)
    {
        try
        {
            await write(writer);
            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }

    /// <summary>Not the console's own stream, which swallows a closed pipe's error on Unix (.NET 10).</summary>
    private static StreamWriter Writer(int descriptor)
    {
        var stream = OperatingSystem.IsWindows()
            ? descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError()
            : new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return new StreamWriter(stream, new UTF8Encoding(false));
    }

    private sealed record Item(string Lines, TaskCompletionSource? Written);
}
