using System.Text;
using System.Threading.Channels;

namespace ActorSockets.Host.Reporting;

/// <summary>Lines on their way to a stream: a bounded queue, and the task that writes it.</summary>
internal sealed class Lane
{
    /// <summary>EPIPE.</summary>
    public const int BrokenPipe = 32;

    private readonly Channel<Item> _items;
    private readonly Screen? _screen;
    private readonly TaskCompletionSource _readerLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _writing;
    private int _redraws;

    /// <param name="capacity">Lines that may wait.</param>
    /// <param name="screen">The table below the lines, or null.</param>
    public Lane(int capacity, Screen? screen)
    {
        _items = Channel.CreateBounded<Item>(new BoundedChannelOptions(capacity) { SingleReader = true });
        _screen = screen;
        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Done when a line could not be written because the pipe's other end is closed.</summary>
    public Task ReaderLeft => _readerLeft.Task;

    /// <summary>Why a line could not be written, other than that.</summary>
    public string? Failure { get; private set; }

    /// <summary>Done when the lines are written; fails when they cannot be.</summary>
    public async Task WriteAsync(Stream to, string lines)
    {
        var item = new Item(to, lines);
        await _items.Writer.WriteAsync(item);
        await item.Written.Task;
    }

    /// <summary>False when the queue is full.</summary>
    public bool TryWrite(Stream to, string line) => _items.Writer.TryWrite(new Item(to, line));

    /// <summary>Draws the table as soon as what is before it is written; once, however often it is asked for until then.</summary>
    public void Redraw()
    {
        if (Interlocked.Exchange(ref _redraws, 1) == 0 && !_items.Writer.TryWrite(Item.Redraw))
            _redraws = 0;
    }

    /// <summary>Takes no more; done when all is written, and the table gone.</summary>
    public Task CompleteAsync()
    {
        _items.Writer.TryComplete();
        return _writing;
    }

    private async Task WriteAllAsync()
    {
        await foreach (var item in _items.Reader.ReadAllAsync())
        {
            try
            {
                if (ReferenceEquals(item, Item.Redraw))
                    _redraws = 0;
                else
                    Write(item);
                if (ReferenceEquals(item, Item.Redraw) || !_items.Reader.TryPeek(out _))
                    _screen?.Draw();
                item.Written.TrySetResult();
            }
            catch (IOException e)
            {
                item.Written.TrySetException(e);
                // Nobody asks after a line of talk.
                _ = item.Written.Task.Exception;
                if (e.HResult == BrokenPipe)
                    _readerLeft.TrySetResult();
                else
                    Failure ??= e.Message;
            }
        }

        _screen?.Erase();
    }

    private void Write(Item item)
    {
        _screen?.Erase();
        item.To.Write(Encoding.UTF8.GetBytes(item.Lines + "\n"));
    }

    private sealed record Item(Stream To, string Lines)
    {
        public static readonly Item Redraw = new(Stream.Null, "");

        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
