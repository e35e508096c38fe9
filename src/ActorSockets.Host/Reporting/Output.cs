using System.Globalization;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// The program's two streams, each with a bounded queue and a thread that writes it. A reader that stops holds up the data
/// (stdout), and through it the network, but nothing else. Messages (stderr) are counted and dropped while there is no room.
/// </summary>
internal sealed class Output : IAsyncDisposable
{
    private static readonly TimeSpan LastMessagesTimeout = TimeSpan.FromSeconds(1);

    private readonly Stream _stdout = StandardStream.Open(1);
    private readonly Stream _stderr = StandardStream.Open(2);
    private readonly LiveRegion? _table;
    private readonly OutputQueue _data;
    private readonly OutputQueue _messages;
    private readonly bool _timestamps;
    private long _lostData;

    /// <param name="live">Whether stderr shows a live table; what else is written to that terminal appears above it.</param>
    /// <param name="settings">The size of the queues, and whether messages carry their time.</param>
    public Output(bool live, ReportSettings settings)
    {
        _table = live ? new LiveRegion(_stderr) : null;
        _messages = new OutputQueue("stderr", settings.MaxWaitingLines, _table);
        _data = live && Terminal.TakesData ? _messages : new OutputQueue("stdout", settings.MaxWaitingLines, null);
        _timestamps = settings.Timestamps == Timestamps.On || settings.Timestamps == Timestamps.Auto && Terminal.WantsTimestamps;
    }

    /// <summary>Completes when nobody reads stdout any more (<c>| head</c>).</summary>
    public Task ReaderLeft => _data.ReaderLeft;

    /// <summary>Why data could not be written, other than that; null as long as it could.</summary>
    public string? DataFailure => _data.DataFailure;

    /// <summary>Lines of data that must not be dropped and found no room all the same.</summary>
    public long LostData => Interlocked.Read(ref _lostData);

    /// <summary>Whether data still waits for its reader.</summary>
    public bool HasWaitingData => _data.WaitingData > 0;

    /// <summary>Data, one or more lines. Completes when they are written; fails when they cannot be.</summary>
    public Task PrintAsync(string lines) => _data.WriteAsync(_stdout, lines);

    /// <summary>A line of data that nobody waits for. False when there is no room for it.</summary>
    /// <param name="line">Without its line end.</param>
    /// <param name="keep">Whether it must not be dropped: it may use the reserved room.</param>
    public bool TryPrint(string line, bool keep)
    {
        var taken = _data.TryWrite(_stdout, line, isData: true, keep);
        if (!taken && keep)
            Interlocked.Increment(ref _lostData);
        return taken;
    }

    /// <summary>A message, one or more lines. False when there is no room for it.</summary>
    public bool TrySay(string lines) => ReaderLeft.IsCompleted || _messages.TryWrite(_stderr, Stamped(lines), isData: false, keep: false);

    /// <summary>Shows this table in the place of the last one; null: none any more.</summary>
    public void Show(LiveTable? table)
    {
        _table?.Show(table);
        _messages.Redraw();
    }

    /// <summary>Completes when the data so far is written, or could not be.</summary>
    public Task FlushDataAsync() => _data.FlushAsync();

    /// <summary>Waits for the last messages, but not for a reader that has stopped reading.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAny(Task.WhenAll(_data.CompleteAsync(), _messages.CompleteAsync()), Task.Delay(LastMessagesTimeout));

    private string Stamped(string lines)
    {
        if (!_timestamps)
            return lines;
        var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z '", CultureInfo.InvariantCulture);
        return time + lines.Replace("\n", "\n" + time, StringComparison.Ordinal);
    }
}
