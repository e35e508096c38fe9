using System.Net;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Servers;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport;
using Akka.Actor;

namespace ActorSockets;

/// <summary>
/// The way in: <c>ActorSocketsExtension.For(system)</c> reads <c>actor-sockets { }</c> from the system's configuration, with the
/// library's defaults below it, and starts <c>/user/actor-sockets</c>. Nothing else of the system is touched.
/// </summary>
public sealed class ActorSocketsExtension : IExtension
{
    private static readonly TimeSpan BeforeThePhaseEnds = TimeSpan.FromMilliseconds(500);

    private readonly ExtendedActorSystem _system;
    private readonly Lock _lock = new();
    private readonly OutboxAccess _outbox;
    private readonly IClusterNode? _node;

    // An actor of a system that has ended answers nothing.
    private readonly CancellationToken _ended;
    private Task<bool>? _draining;

    private ActorSocketsExtension(ExtendedActorSystem system, Print print, ActorSocketsOptions? options, ActorSocketsSettings? settings, IClusterNode? node)
    {
        _system = system;
        var ended = new CancellationTokenSource();
        _ended = ended.Token;
        system.RegisterOnTermination(ended.Cancel);
        Settings = settings ?? ActorSocketsSettings.From(system.Settings.Config, options);
        system.Settings.InjectTopLevelFallback(ActorSocketsSettings.Reference);
        _outbox = new OutboxAccess(Settings.Outbox);
        _node = Settings.Cluster.Enabled ? node ?? throw new SettingsException($"{ActorSocketsSettings.Root}.cluster.enabled", "needs the program actorsockets: the actor system of another program cannot be a node") : null;
        var placed = _node is null ? null : new TargetLines();
        var names = new NameResolver();
        Ref = system.ActorOf(
            RootActor.Props(
                ServerSupervisor.Props(Settings.Servers, _outbox, CreateSink, listener => ListenerActor.Props(listener, names.ResolveAsync)),
                ClientSupervisor.Props(Settings.Targets, Settings.MaxConnecting, new Connector(names.ResolveAsync), _outbox, placed),
                Settings.Ticker,
                Settings.Outbox is null ? null : OutboxActor.Props(_outbox, StoreLibrary.Open),
                Overview(),
                CertificateWatchActor.Props(Settings.Certificates)),
            ActorSocketsSettings.Root);
        _node?.Start(system, Settings.Cluster, _outbox, placed!, Settings.DrainTime);
        foreach (var watch in Settings.Servers.Select(CertificateWatchActor.Watch.Of).Concat(Settings.Targets.Select(CertificateWatchActor.Watch.Of)).Append(CertificateWatchActor.Watch.Of(Settings.Cluster)).OfType<CertificateWatchActor.Watch>())
            Ref.Tell(watch);

        // The end of the system resets every open socket; until then there is time to finish.
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, ActorSocketsSettings.Root, async () =>
        {
            var phase = shutdown.Timeout(CoordinatedShutdown.PhaseServiceRequestsDone) - Settings.CutOffTimeout - BeforeThePhaseEnds;
            await DrainAsync(phase < Settings.DrainTime ? phase : Settings.DrainTime);
            return Akka.Done.Instance;
        });

        Props? Overview() => Settings.Metrics.Enabled || Settings.Web.Enabled
            ? OverviewActor.Props(Settings.CreateOverview(), new RecentEvents(Settings.Web.RecentEvents), Settings.Metrics)
            : null;

        ISink CreateSink(ServerSettings server, string peer, FileStore store, DeliveryInfo? delivery) =>
            SinkFactory.Create(new SinkContext(server, peer, lines => print(server.Name, peer, lines), store, delivery, _outbox), options?.Sinks);
    }

    /// <summary>The settings that are in force.</summary>
    public ActorSocketsSettings Settings { get; }

    /// <summary>Takes <see cref="Deliveries.ICommand"/> and <see cref="ServerEvents.ICommand"/>, for actors; programs have the methods below.</summary>
    public IActorRef Ref { get; }

    /// <summary>Starts the actors of this system on the first call; later calls return the same extension.</summary>
    /// <param name="system">The system that they live in.</param>
    /// <param name="options">Where console sinks print, and the program's own sinks and payloads. Later calls change nothing.</param>
    /// <exception cref="SettingsException">The configuration is wrong; lists every error.</exception>
    public static ActorSocketsExtension For(ActorSystem system, ActorSocketsOptions? options = null)
    {
        var print = options?.Print ?? ToStandardOutput;
        return (ActorSocketsExtension)system.RegisterExtension(new Provider((_, _, lines) => print(lines), options, null, null));
    }

    /// <summary>As above; <paramref name="print"/> knows who sent the lines, and the settings may have been read already.</summary>
    internal static ActorSocketsExtension For(ActorSystem system, Print print, ActorSocketsSettings settings, IClusterNode? node) =>
        (ActorSocketsExtension)system.RegisterExtension(new Provider(print, null, settings, node));

    /// <summary>Delivers a payload to a target, behind the deliveries that the target has already.</summary>
    /// <param name="target">The target's name.</param>
    /// <param name="payload">What is sent.</param>
    /// <param name="cancellation">Cancels the delivery, which then is <see cref="Deliveries.Failed"/> with <see cref="FailureKind.Cancelled"/>.</param>
    /// <returns>How it ended; its id is a new one. Of a target with <c>durable = on</c>: <see cref="Deliveries.Kept"/>, once it is in the outbox.</returns>
    public async Task<Deliveries.IAnswer> SendAsync(string target, Payload payload, CancellationToken cancellation = default)
    {
        var id = Guid.CreateVersion7().ToString("N");
        try
        {
            var answer = Ref.Ask<Deliveries.IAnswer>(new Deliveries.Deliver(id, target, payload), Timeout.InfiniteTimeSpan, _ended);
            await using var cancelling = cancellation.Register(() => Ref.Tell(new Deliveries.Cancel(id, target), _system.DeadLetters));
            return await answer;
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            return new Deliveries.Failed(target, id, FailureKind.Shutdown, "the actor system has ended", new Deliveries.Report(0, 0, 0, 0, TimeSpan.Zero, TimeSpan.Zero));
        }
    }

    /// <summary>Adds a target, such as <c>Settings.NewTarget("archive", "10.0.0.5", 9000) with { Confirm = Confirm.Receipt }</c>.</summary>
    /// <exception cref="InvalidOperationException">There is a target of this name, or the system is stopping.</exception>
    public async Task AddTargetAsync(TargetSettings target)
    {
        if (await AskAsync<object>(new TargetCommands.Add(target)) is TargetCommands.NotAdded notAdded)
            throw new InvalidOperationException(notAdded.Reason);
    }

    /// <summary>Removes a target. It accepts no more deliveries; done when those that it has have their outcomes.</summary>
    /// <param name="name">The target's name; none of this name is no error.</param>
    /// <param name="cutOff">Fails what waits or is under way, as <see cref="FailureKind.Shutdown"/>, when it is cancelled.</param>
    public async Task RemoveTargetAsync(string name, CancellationToken cutOff = default)
    {
        var removed = AskAsync<Deliveries.TargetRemoved>(new TargetCommands.Remove(name));
        await using var cutting = cutOff.Register(() => Ref.Tell(new TargetCommands.Remove(name, CutOff: true), _system.DeadLetters));
        await removed;
    }

    /// <summary>Adds a server, such as <c>Settings.NewServer("inbox", "127.0.0.1", 0) with { Sink = "discard" }</c>.</summary>
    /// <returns>The endpoint that it listens on.</returns>
    /// <exception cref="IOException">It does not listen: why.</exception>
    public async Task<IPEndPoint> AddServerAsync(ServerSettings server) =>
        await AskAsync<ServerEvents.IServerEvent>(new ServerCommands.Add(server)) switch
        {
            ServerEvents.Bound bound => bound.Endpoint,
            ServerEvents.BindFailed failed => throw new IOException($"{server.Name} cannot listen on {failed.Endpoint}: {failed.Reason}"),
            var other => throw new InvalidOperationException($"{other}"),
        };

    /// <summary>Removes a server. It stops listening; done when its connections have ended.</summary>
    /// <param name="name">The server's name; none of this name is no error.</param>
    /// <param name="cutOff">Resets the connections that are left when it is cancelled.</param>
    public async Task RemoveServerAsync(string name, CancellationToken cutOff = default)
    {
        var removed = AskAsync<ServerEvents.Removed>(new ServerCommands.Remove(name));
        await using var cutting = cutOff.Register(() => Ref.Tell(new ServerCommands.Remove(name, CutOff: true), _system.DeadLetters));
        await removed;
    }

    /// <summary>What happens from now on: <see cref="Deliveries.IDeliveryEvent"/>, <see cref="ServerEvents.IServerEvent"/>, <see cref="OutboxEvents.IOutboxEvent"/>, <see cref="ClusterEvents.IClusterEvent"/>, <see cref="Ticked"/>.</summary>
    /// <param name="capacity">Events that may wait for the reader; more are left out, and <see cref="EventsLeftOut"/> counts them.</param>
    /// <param name="cancellation">Ends the stream; so does the end of the system.</param>
    public IAsyncEnumerable<object> Events(int capacity = 10_000, CancellationToken cancellation = default) =>
        EventReader.ReadAsync(_system, capacity, cancellation);

    /// <summary>Delivers each target's configured payload, under the target's name as id; outcomes are events.</summary>
    /// <returns>How many deliveries were begun.</returns>
    public int DeliverConfigured()
    {
        var targets = Settings.Targets.Where(t => t.Payload is not null).ToArray();
        foreach (var target in targets)
            Ref.Tell(new Deliveries.Deliver(target.PayloadId, target.Name, target.Payload!), _system.DeadLetters);
        return targets.Length;
    }

    /// <summary>Waits until every configured server either listens or has failed to.</summary>
    public Task<ServerEvents.AllBound> WhenBoundAsync() => Ref.Ask<ServerEvents.AllBound>(new ServerEvents.WhenBound(), Timeout.InfiniteTimeSpan);

    /// <summary>
    /// Takes no new deliveries and connections, lets those under way end for <see cref="ActorSocketsSettings.DrainTime"/> at
    /// most, and then cuts off the rest: every delivery has its outcome afterwards. A part of Akka's coordinated shutdown; later
    /// calls return the first one's task.
    /// </summary>
    /// <returns>Whether all of them ended in time.</returns>
    public Task<bool> DrainAsync() => DrainAsync(Settings.DrainTime);

    /// <summary>Ends all deliveries and connections at once; done when they have ended, or after the cut-off-timeout.</summary>
    public Task CutOffAsync()
    {
        _outbox.StopWaiting();
        return WithinAsync(Settings.CutOffTimeout, new Deliveries.CutOff(), new ServerEvents.CutOff());
    }

    /// <inheritdoc cref="IClusterNode.Removed"/>
    /// <remarks>Never without a cluster.</remarks>
    internal Task<string> Removed => _node?.Removed ?? new TaskCompletionSource<string>().Task;

    /// <summary>Done when the outbox is open, if there is one.</summary>
    /// <exception cref="IOException">It cannot be opened: why.</exception>
    public Task WhenOutboxIsOpenAsync() => Settings.Outbox is null ? Task.CompletedTask : _outbox.Opened;

    /// <summary>Done after the end of the system, when another process may open the outbox.</summary>
    internal Task WhenOutboxIsClosedAsync() => _outbox.Closed;

    /// <summary>Whether no new deliveries and connections are taken any more.</summary>
    internal bool IsDraining
    {
        get
        {
            lock (_lock)
                return _draining is not null;
        }
    }

    private Task<bool> DrainAsync(TimeSpan timeout)
    {
        lock (_lock)
            return _draining ??= DrainOnceAsync(timeout);
    }

    private async Task<bool> DrainOnceAsync(TimeSpan timeout)
    {
        _outbox.StopWaiting();
        // Of a node that is out, no outcome can be recorded.
        if (Removed.IsCompleted)
            timeout = TimeSpan.Zero;
        // Other nodes take the targets as soon as what is under way here has ended.
        var handingOver = _node is null ? Task.CompletedTask : Task.WhenAny(_node.HandOverAsync(_system), Task.Delay(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero));
        var drained = await WithinAsync(timeout, new Deliveries.Drain(), new ServerEvents.Drain());
        await handingOver;
        if (!drained)
            await CutOffAsync();
        await MeasureOutboxAsync();
        return drained;
    }

    /// <summary>Publishes what the outbox holds in the end: the figures of the last second may be other ones.</summary>
    private async Task MeasureOutboxAsync()
    {
        if (Settings.Outbox is null || !_outbox.Opened.IsCompletedSuccessfully)
            return;
        try
        {
            var outbox = (await _outbox.Opened).Outbox;
            _system.EventStream.Publish(OutboxActor.Measured(outbox, await outbox.OldestAsync()));
        }
        catch (IOException)
        {
            // The figures of the last second have to do.
        }
    }

    private async Task<bool> WithinAsync(TimeSpan timeout, Deliveries.ICommand ofClients, ServerEvents.ICommand ofServers)
    {
        try
        {
            await Task.WhenAll(
                Ref.Ask<Deliveries.Drained>(ofClients, Timeout.InfiniteTimeSpan),
                Ref.Ask<ServerEvents.Drained>(ofServers, Timeout.InfiniteTimeSpan)).WaitAsync(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<T> AskAsync<T>(object question)
    {
        try
        {
            return await Ref.Ask<T>(question, Timeout.InfiniteTimeSpan, _ended);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            throw new InvalidOperationException("the actor system has ended");
        }
    }

    // Off the actors' threads, because a terminal that is stopped blocks whoever writes to it.
    private static ValueTask ToStandardOutput(string lines) => new(Task.Run(() => Console.Out.WriteLine(lines)));

    /// <summary>Prints one or more lines that a server received from a peer.</summary>
    internal delegate ValueTask Print(string server, string peer, string lines);

    private sealed class Provider(Print print, ActorSocketsOptions? options, ActorSocketsSettings? settings, IClusterNode? node) : ExtensionIdProvider<ActorSocketsExtension>
    {
        public override ActorSocketsExtension CreateExtension(ExtendedActorSystem system) => new(system, print, options, settings, node);
    }
}
