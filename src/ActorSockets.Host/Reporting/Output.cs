namespace ActorSockets.Host.Reporting;

/// <summary>
/// The program's two streams, each with a bounded queue and a task that writes it: a terminal that is stopped holds up what
/// is printed, and nothing else. Data (stdout) is done when it is written, and the network waits for that; what is said
/// about it (stderr) is counted and left out while there is no room.
/// </summary>
internal sealed class Output : IAsyncDisposable
{
    private static readonly TimeSpan LastLinesTimeout = TimeSpan.FromSeconds(1);

    private readonly Stream _stdout = StandardStream.Open(1);
    private readonly Stream _stderr = StandardStream.Open(2);
    private readonly Screen? _screen;
    private readonly Lane _data;
    private readonly Lane _talk;

    /// <param name="live">Whether a live table is shown on stderr; what else lands on that terminal is written above it.</param>
    /// <param name="maxWaitingLines">For each of the two.</param>
    public Output(bool live, int maxWaitingLines)
    {
        _screen = live ? new Screen(_stderr) : null;
        _talk = new Lane(maxWaitingLines, _screen);
        _data = live && Terminal.TakesData ? _talk : new Lane(maxWaitingLines, null);
    }

    /// <summary>Done when nobody reads stdout any more (<c>| head</c>).</summary>
    public Task ReaderLeft => _data.ReaderLeft;

    /// <summary>Why data could not be written, other than that; null as long as it could.</summary>
    public string? DataFailure => _data.Failure;

    /// <summary>Data, one or more lines. Done when they are written; fails when they cannot be.</summary>
    public Task PrintAsync(string lines) => _data.WriteAsync(_stdout, lines);

    /// <summary>A line of data that nobody waits for. False when there is no room for it.</summary>
    public bool TryPrint(string line) => _data.TryWrite(_stdout, line);

    /// <summary>Something said about the run, one line. False when there is no room for it.</summary>
    public bool TrySay(string line) => ReaderLeft.IsCompleted || _talk.TryWrite(_stderr, line);

    /// <summary>Shows the table as it is now, in the place of the last one.</summary>
    /// <remarks>Null: there is none any more.</remarks>
    public void Show(LiveTable? table)
    {
        _screen?.Show(table);
        _talk.Redraw();
    }

    /// <summary>Waits for the last lines, but for no reader that has stopped reading.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAny(Task.WhenAll(_data.CompleteAsync(), _talk.CompleteAsync()), Task.Delay(LastLinesTimeout));
}
