using System.Collections.Concurrent;
using System.Text;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// A bounded queue of lines, and the thread that writes them. The thread is its own because write(2) blocks while nobody
/// reads: on the thread pool it would hold up socket completions.
/// </summary>
internal sealed class OutputQueue
{
    /// <summary>EPIPE.</summary>
    public const int BrokenPipe = 32;

    private readonly BlockingCollection<Item> _items = [];
    private readonly int _capacity;
    private readonly LiveRegion? _table;
    private readonly TaskCompletionSource _readerLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _redraws;
    private int _waitingData;

    /// <param name="name">The thread's name.</param>
    /// <param name="capacity">Lines that may wait; as many again for lines that must not be dropped.</param>
    /// <param name="table">The table below the lines, or null.</param>
    public OutputQueue(string name, int capacity, LiveRegion? table)
    {
        _capacity = capacity;
        _table = table;
        new Thread(WriteAll) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Completes when a write fails because the pipe has no reader any more.</summary>
    public Task ReaderLeft => _readerLeft.Task;

    /// <summary>Why data could not be written, other than that; null as long as it could.</summary>
    public string? DataFailure { get; private set; }

    /// <summary>Calls whose data is not written yet.</summary>
    public int WaitingData => Volatile.Read(ref _waitingData);

    /// <summary>Completes when the data is written; fails when it cannot be. The caller waits, which bounds what is queued.</summary>
    public Task WriteAsync(Stream to, string data)
    {
        var item = new Item(to, data, IsData: true);
        return TryAdd(item) ? item.Written.Task : Task.FromException(new IOException("the output is closed"));
    }

    /// <summary>False when the queue is full.</summary>
    /// <param name="to">The stream.</param>
    /// <param name="line">Without its line end.</param>
    /// <param name="isData">Whether somebody waits for it at the end.</param>
    /// <param name="keep">Whether the room that is reserved for what must not be dropped is open to it.</param>
    public bool TryWrite(Stream to, string line, bool isData, bool keep) =>
        _items.Count < (keep ? 2 * _capacity : _capacity) && TryAdd(new Item(to, line, isData));

    /// <summary>Draws the table once everything queued before is written. Calls until then draw it once.</summary>
    public void Redraw()
    {
        if (Interlocked.Exchange(ref _redraws, 1) == 0 && !(_items.Count < _capacity && TryAdd(Item.Redraw)))
            _redraws = 0;
    }

    /// <summary>Completes when everything queued so far is written, or could not be.</summary>
    public Task FlushAsync()
    {
        var marker = new Item(Stream.Null, "", IsData: false);
        return TryAdd(marker) ? marker.Written.Task : _ended.Task;
    }

    /// <summary>Takes no more; completes when everything is written and the table is erased.</summary>
    public Task CompleteAsync()
    {
        _items.CompleteAdding();
        return _ended.Task;
    }

    private bool TryAdd(Item item)
    {
        if (item.IsData)
            Interlocked.Increment(ref _waitingData);
        try
        {
            _items.Add(item);
            return true;
        }
        catch (InvalidOperationException)
        {
            // Actors outlive the output by a moment when the program ends at once.
            if (item.IsData)
                Interlocked.Decrement(ref _waitingData);
            return false;
        }
    }

    private void WriteAll()
    {
        foreach (var item in _items.GetConsumingEnumerable())
        {
            if (ReferenceEquals(item, Item.Redraw))
                _redraws = 0;
            else
                Write(item);
            if (ReferenceEquals(item, Item.Redraw) || _items.Count == 0)
                OnTable(table => table.Draw());
        }

        OnTable(table => table.Erase());
        _ended.TrySetResult();
    }

    private void Write(Item item)
    {
        try
        {
            if (item.Lines.Length > 0 || item.IsData)
            {
                OnTable(table => table.Erase());
                item.To.Write(Encoding.UTF8.GetBytes(item.Lines + "\n"));
            }

            item.Written.TrySetResult();
        }
        catch (Exception e)
        {
            item.Written.TrySetException(e);
            // Nobody asks for the outcome of a message.
            _ = item.Written.Task.Exception;
            if (e.HResult == BrokenPipe)
                _readerLeft.TrySetResult();
            else if (item.IsData)
                DataFailure ??= e.Message;
        }
        finally
        {
            if (item.IsData)
                Interlocked.Decrement(ref _waitingData);
        }
    }

    /// <summary>A table that cannot be drawn must not stop the thread that writes the data.</summary>
    private void OnTable(Action<LiveRegion> act)
    {
        try
        {
            if (_table is not null)
                act(_table);
        }
        catch (Exception)
        {
            // The next draw tries again.
        }
    }

    private sealed record Item(Stream To, string Lines, bool IsData)
    {
        public static readonly Item Redraw = new(Stream.Null, "", IsData: false);

        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
