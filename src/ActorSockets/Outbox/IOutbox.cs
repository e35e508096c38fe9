namespace ActorSockets.Outbox;

/// <summary>
/// What is to be delivered: a line of deliveries for each target. What a call has written is found by every call after it. Calls
/// may overlap.
/// </summary>
internal interface IOutbox
{
    /// <summary>How much there is, and how much may be.</summary>
    OutboxRoom Room { get; }

    /// <summary>What was wrong when it was opened, as sentences for people: deliveries whose payload's file is gone, and that are set aside.</summary>
    IReadOnlyList<string> Damages { get; }

    /// <summary>Begins a payload. Its bytes are nothing to anybody before <see cref="SubmitAsync"/>.</summary>
    IPayloadWriter Begin();

    /// <summary>
    /// Puts one payload into the lines of some targets. Done when a power cut does not lose it: its bytes are flushed first, then
    /// all rows are committed together.
    /// </summary>
    /// <exception cref="OutboxFullException">A limit is reached, or the disk is full. Nothing was written; it may succeed later.</exception>
    /// <exception cref="AlreadyReceivedException">Nothing was written: what the ledger should note, it knows already.</exception>
    /// <exception cref="DuplicateDeliveryException">Nothing was written: one of the targets has a delivery of that id.</exception>
    /// <exception cref="IOException">Nothing was written: the store failed.</exception>
    Task SubmitAsync(Submission submission);

    /// <summary>
    /// Begins to send for a target: whoever did before can record nothing any more. Where one process has the store, nobody else did, and
    /// the answer is always 0.
    /// </summary>
    /// <returns>The target's new epoch.</returns>
    /// <exception cref="IOException">The store cannot be written.</exception>
    Task<long> BeginSendingAsync(string target);

    /// <summary>The next deliveries of a target's line that are neither held nor failed, in the order in which they came.</summary>
    /// <param name="target">The target's name.</param>
    /// <param name="after">Only those whose number is above this one.</param>
    /// <param name="most">How many.</param>
    /// <param name="mostBytes">Bytes of payloads that they may have in memory; the first one comes in any case.</param>
    /// <param name="epoch">From <see cref="BeginSendingAsync"/>; what becomes of the deliveries is recorded under it.</param>
    /// <exception cref="FencedException">Somebody else has begun to send for the target.</exception>
    /// <exception cref="IOException">The store cannot be read.</exception>
    Task<IReadOnlyList<StoredDelivery>> NextAsync(string target, long after, int most, long mostBytes, long epoch = 0);

    /// <summary>Writes what became of deliveries. Done when it survives a power cut. One that is gone meanwhile stays gone.</summary>
    /// <exception cref="FencedException">Nothing was written: somebody else has begun to send for one of the targets.</exception>
    /// <exception cref="IOException">Nothing was written.</exception>
    Task RecordAsync(params IReadOnlyCollection<OutboxRecord> records);

    /// <summary>Done when none of the deliveries waits any more: each is delivered, or was cancelled, or has failed and is kept.</summary>
    /// <returns>
    /// The targets of those that have failed, or were cancelled meanwhile by this process: of others, and of earlier ones, nothing is left that
    /// tells them from delivered ones.
    /// </returns>
    /// <exception cref="IOException">The store cannot be read, or <see cref="StopWaiting"/> was called: they go on waiting.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    Task<IReadOnlyList<string>> WhenEndedAsync(string id, IReadOnlyCollection<string> targets, CancellationToken cancellation = default);

    /// <summary>Ends every <see cref="WhenEndedAsync"/>, now and later.</summary>
    void StopWaiting();

    /// <summary>Whether <see cref="StopWaiting"/> was called.</summary>
    bool IsStopping { get; }

    /// <summary>When the oldest delivery came that is queued or held, in UTC; null: none is.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    Task<DateTime?> OldestAsync();

    /// <summary>Calls back, on any thread, when the line of a target has changed. One listener for each target.</summary>
    /// <returns>Ends it.</returns>
    IDisposable Listen(string target, Action<LineChange> changed);

    /// <summary>Whether anybody in this process listens to the line of a target.</summary>
    bool IsHeard(string target);

    /// <summary>Calls back, on any thread, with a target whose line this process has made longer, and to which nobody listens here.</summary>
    void WhenUnheard(Action<string> longer);

    /// <summary>
    /// Looks at what other processes have changed: counts the rows anew, and tells the listeners of lines that changed. To be called each
    /// second. Where one process has the store, there is nothing to look at.
    /// </summary>
    /// <returns>Targets that have deliveries to be sent; none where one process has the store.</returns>
    /// <exception cref="IOException">The store cannot be read.</exception>
    Task<IReadOnlyList<string>> LookAsync();

    /// <summary>Says what a node of the cluster does, and finds the others. To be called each second, or the node counts as gone.</summary>
    /// <param name="node">Itself.</param>
    /// <param name="state">What it does.</param>
    /// <returns>Nodes that are in the cluster, without this one; this one alone: there is none, and it may begin it.</returns>
    /// <exception cref="NodeExistsException">Another process says that it is this node.</exception>
    /// <exception cref="IOException">The store failed.</exception>
    Task<IReadOnlyList<ClusterPeer>> MeetAsync(ClusterPeer node, NodePresence state);

    /// <summary>Executes the commands that other processes have left in the store.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">The store failed; they are executed the next time.</exception>
    Task<int> ExecuteWaitingAsync();

    /// <summary>Executes a command. Listeners hear of it.</summary>
    /// <returns>How many deliveries, or targets, it changed.</returns>
    /// <exception cref="IOException">The store failed. Of many deliveries, some may be changed: executed again, the command goes on.</exception>
    Task<int> ExecuteAsync(QueueCommand command);

    /// <summary>Removes deliveries that failed before <paramref name="before"/>, with payloads that no other delivery needs.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">The store cannot be written.</exception>
    Task<int> ForgetFailedAsync(DateTime before);
}

/// <summary>What happened to the line of a target.</summary>
internal enum LineChange
{
    /// <summary>More came at its end.</summary>
    Longer,

    /// <summary>A person changed it: what was taken from it may be out of date.</summary>
    Rearranged,
}
