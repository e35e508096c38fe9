using System.Collections.Concurrent;
using System.Threading.Channels;
using ActorSockets.Clients;
using ActorSockets.Cluster;
using ActorSockets.Events;
using Akka.Actor;

namespace ActorSockets.Host.Tests;

/// <summary>When the sender of a target gives way.</summary>
public sealed class TargetEntitySpecs : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // No timer ends an entity within a spec.
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private readonly ActorSystem _system = ActorSystem.Create("entity-specs", ActorSocketsSettings.Reference);
    private readonly Channel<(IActorRef Line, object Message)> _told = Channel.CreateUnbounded<(IActorRef, object)>();
    private readonly Lines _lines = new();

    public TargetEntitySpecs() => ChangeTarget();

    public void Dispose() => _system.Dispose();

    [Fact]
    public async Task A_reload_that_changes_the_target_ends_its_sender_although_nobody_wakes_it()
    {
        var entity = Entity();
        var line = await HearAsync<Started>();
        _system.EventStream.Publish(new Deliveries.TargetAdded("oslo", "127.0.0.1:1"));
        ChangeTarget();
        _system.EventStream.Publish(new Deliveries.TargetAdded("rome", "127.0.0.1:1"));
        Assert.Equal(line, await HearAsync<Deliveries.Drain>());
        entity.Tell(new Deliveries.Drained());
        await entity.WatchAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_hand_over_does_not_wait_for_a_line_that_has_stopped_while_it_drained()
    {
        var entity = Entity();
        var line = await HearAsync<Started>();
        _system.EventStream.Publish(TargetEntity.Rest.Instance);
        await HearAsync<Deliveries.Drain>();
        await line.GracefulStop(Patience);
        // Behind its answer, the entity has seen the end of its child.
        await entity.Ask<ActorIdentity>(new Identify(null), Patience);
        entity.Tell(TargetEntity.HandOver.Instance);
        await entity.WatchAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_node_that_leaves_starts_no_sender()
    {
        _system.EventStream.Publish(TargetEntity.Rest.Instance);
        var entity = Entity(isLeaving: true);
        entity.Tell(new ClusterMessages.WakeForMore("rome"));
        entity.Tell(TargetEntity.HandOver.Instance);
        await entity.WatchAsync().WaitAsync(Patience);
        Assert.False(_told.Reader.TryRead(out _));
    }

    private IActorRef Entity(bool isLeaving = false) => _system.ActorOf(TargetEntity.Props("rome", _lines, Long, Long, new ConcurrentDictionary<string, bool>(), () => isLeaving));

    private void ChangeTarget() => _lines.Line = Props.Create(() => new ScriptedLine(_told));

    private async Task<IActorRef> HearAsync<T>()
    {
        var (line, message) = await _told.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.IsType<T>(message);
        return line;
    }

    private sealed class Lines : ITargetLines
    {
        public Props? Line { get; set; }

        public string Digest => "";

        public Props? Find(string target) => Line;
    }

    private sealed class ScriptedLine : UntypedActor
    {
        private readonly Channel<(IActorRef, object)> _told;

        public ScriptedLine(Channel<(IActorRef, object)> told)
        {
            _told = told;
            OnReceive(new Started());
        }

        protected override void OnReceive(object message) => _told.Writer.TryWrite((Self, message));
    }

    private sealed record Started;
}
