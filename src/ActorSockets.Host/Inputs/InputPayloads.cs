using System.Collections.Concurrent;
using ActorSockets.Configuration;
using ActorSockets.Payloads;

namespace ActorSockets.Host.Inputs;

/// <summary>
/// The payloads <c>stream = "…"</c> of a configuration: standard input, pipes, and whatever else has no length. Targets that name
/// the same one share one stream and one spool.
/// </summary>
/// <param name="expected">What each must be before a target is told that it ended.</param>
internal sealed class InputPayloads(Expectation? expected = null) : IDisposable
{
    private const string StandardInput = "-";

    private readonly ConcurrentDictionary<string, StreamPayload> _streams = new(StringComparer.Ordinal);
    private SpoolSettings _spool = new();

    /// <summary>Whether a file is one that can only be read to its end: it has no positions, or claims to be empty.</summary>
    public static bool IsStream(string path) => IsStandardInput(path)
        // Nothing is opened: a FIFO whose reader closes it breaks its writer. What the kernel makes up has no length.
        || File.Exists(path) && (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)) is not FileInfo { Exists: true, Length: > 0 };

    /// <summary>The payload of that name; nothing is opened yet.</summary>
    public StreamPayload Of(string path) => _streams.GetOrAdd(IsStandardInput(path) ? StandardInput : path, Create);

    /// <summary>Begins to read, before there are targets to send to.</summary>
    /// <exception cref="SettingsException">Standard input is closed, or there can be no spool.</exception>
    public void Begin(SpoolSettings spool)
    {
        _spool = spool;
        if (_streams.ContainsKey(StandardInput) && StandardDescriptors.IsClosed(0))
            throw new SettingsException("standard input", "is closed: redirect it from a file, a pipe or /dev/null");
        try
        {
            foreach (var stream in _streams.Values)
                stream.Begin(spool);
        }
        catch (SourceException e)
        {
            throw new SettingsException("spool", e.Message);
        }
    }

    /// <summary>Reads no more: the deliveries of what has not ended fail.</summary>
    /// <param name="why">The predicate of a sentence.</param>
    /// <returns>Those that had not ended.</returns>
    public IReadOnlyList<Payload> BreakOff(string why)
    {
        StreamPayload[] open = [.. _streams.Values.Where(s => s.Length is null)];
        foreach (var stream in open)
            stream.BreakOff($"{stream.Description} {why}");
        return open;
    }

    public void Dispose()
    {
        foreach (var stream in _streams.Values)
            stream.Dispose();
    }

    private static bool IsStandardInput(string path) => path is StandardInput or "/dev/stdin";

    private StreamPayload Create(string key)
    {
        var name = key == StandardInput ? "standard input" : key;
        return Payload.FromStream(() => new InputStream(Open(key), name, expected ?? new Expectation(null, null)), name, _spool);
    }

    private static Stream Open(string key) => key == StandardInput
        ? Console.OpenStandardInput()
        : new FileStream(key, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
