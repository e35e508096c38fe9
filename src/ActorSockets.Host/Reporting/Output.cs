using System.Text;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// The program's two streams, each with a bounded queue and a task that writes it: a terminal that is stopped holds up what
/// is printed, and nothing else. Data (stdout) is done when it is written, and the network waits for that; what is said
/// about it (stderr) is counted and left out while there is no room.
/// </summary>
internal sealed class Output : IAsyncDisposable
{
    private const int Capacity = 1024;
    private static readonly TimeSpan LastLinesTimeout = TimeSpan.FromSeconds(1);

    private readonly Channel<Item> _data = Queue();
    private readonly Channel<Item> _talk = Queue();
    private readonly Task[] _writing;
    private long _leftOut;

    public Output() => _writing = [Start(_data, 1), Start(_talk, 2)];

    /// <summary>Data, one or more lines. Done when they are written; fails when they cannot be, as when nobody reads any more.</summary>
    public async ValueTask PrintAsync(string lines)
    {
        var item = new Item(lines);
        await _data.Writer.WriteAsync(item);
        await item.Written.Task;
    }

    /// <summary>Something said about the run, one line.</summary>
    public void Say(string line)
    {
        if (!_talk.Writer.TryWrite(new Item(line)))
            Interlocked.Increment(ref _leftOut);
        else if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and var leftOut)
            _talk.Writer.TryWrite(new Item($"({leftOut} lines left out: they came faster than they could be printed)"));
    }

    /// <summary>Waits for the last lines, but for no reader that has stopped reading.</summary>
    public async ValueTask DisposeAsync()
    {
        _data.Writer.TryComplete();
        _talk.Writer.TryComplete();
        await Task.WhenAny(Task.WhenAll(_writing), Task.Delay(LastLinesTimeout));
    }

    private static Channel<Item> Queue() => Channel.CreateBounded<Item>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private static Task Start(Channel<Item> items, int descriptor) =>
        Task.Factory.StartNew(() => WriteAsync(items.Reader, Open(descriptor)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .Unwrap();

    private static async Task WriteAsync(ChannelReader<Item> items, Stream to)
    {
        await foreach (var item in items.ReadAllAsync())
        {
            try
            {
                // Unbuffered, so that a failure belongs to the lines that it befell (| head, a full disk).
                await to.WriteAsync(Encoding.UTF8.GetBytes(item.Lines + "\n"));
                item.Written.SetResult();
            }
            catch (IOException e)
            {
                item.Written.SetException(e);
                // Nobody asks after a line of talk.
                _ = item.Written.Task.Exception;
            }
        }
    }

    /// <summary>Not the console's own stream, which swallows a closed pipe's error on Unix (.NET 10).</summary>
    private static Stream Open(int descriptor)
    {
        if (OperatingSystem.IsWindows())
            return descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError();
        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
    }

    private sealed record Item(string Lines)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
