namespace ActorSockets.Outbox;

/// <summary>An outbox as a person sees it, whether a program has it open or not.</summary>
internal interface IQueue : IDisposable
{
    /// <summary>Whether a running program has the outbox: it executes commands then.</summary>
    bool IsInUse { get; }

    /// <summary>Each target that has deliveries, or is held, by name.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    Task<IReadOnlyList<QueueLine>> LinesAsync();

    /// <summary>Deliveries in the order in which they came.</summary>
    /// <param name="selection">Which.</param>
    /// <param name="state">Only those of this state; null: of any.</param>
    /// <param name="most">How many.</param>
    /// <exception cref="IOException">The store cannot be read.</exception>
    Task<IReadOnlyList<QueueEntry>> ListAsync(QueueSelection selection, DeliveryState? state, int most);

    /// <summary>Executes a command, or has the running program execute it.</summary>
    /// <returns>How many deliveries, or targets, it changed; null: the program did not answer in time, and does it later.</returns>
    /// <exception cref="IOException">The store cannot be written.</exception>
    Task<int?> ExecuteAsync(QueueCommand command, TimeSpan patience);
}

/// <summary>What to do with deliveries.</summary>
internal enum QueueVerb
{
    /// <summary>Tries again what was set aside, and at once what waits for its next attempt.</summary>
    Retry,

    /// <summary>Removes deliveries.</summary>
    Cancel,

    /// <summary>Keeps deliveries, or all of a target, from being tried.</summary>
    Hold,

    /// <summary>Ends a hold.</summary>
    Release,
}

/// <summary>Which deliveries: one by its id, those of a target, or all.</summary>
internal sealed record QueueSelection(string? Target = null, string? Id = null);

/// <summary>A command to an outbox.</summary>
internal sealed record QueueCommand(QueueVerb Verb, QueueSelection Selection);

/// <summary>A target's line. Sizes are bytes.</summary>
/// <param name="Target">The target's name.</param>
/// <param name="IsHeld">Whether a person holds all of it.</param>
/// <param name="Figures">How much there is.</param>
/// <param name="Oldest">When the oldest delivery that waits came, in UTC; null: none waits.</param>
/// <param name="LastFailure">Why the last attempt that failed did; null: none did.</param>
/// <param name="Node">The node of a cluster that sends; null: there is none.</param>
internal sealed record QueueLine(string Target, bool IsHeld, LineFigures Figures, DateTime? Oldest, string? LastFailure, string? Node = null)
{
    /// <summary>Whether the configuration has no durable target of that name: nobody sends.</summary>
    public bool IsStranded { get; init; }
}

/// <summary>A delivery, for people. Times are UTC.</summary>
internal sealed record QueueEntry
{
    public required string Target { get; init; }

    public required string Id { get; init; }

    public required DeliveryState State { get; init; }

    public required long Length { get; init; }

    public required string Digest { get; init; }

    /// <summary>The payload's file; null: it is in the database.</summary>
    public required string? File { get; init; }

    public required string? Name { get; init; }

    public required DateTime Created { get; init; }

    public required int Attempts { get; init; }

    public required DateTime? LastAttempt { get; init; }

    /// <summary>The last failure's kind, for programs.</summary>
    public required string? Kind { get; init; }

    /// <summary>The last failure, for people.</summary>
    public required string? Reason { get; init; }

    /// <summary>When it was set aside.</summary>
    public required DateTime? Finished { get; init; }
}
