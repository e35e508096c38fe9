using System.Threading.Channels;
using ActorSockets.Clients;
using ActorSockets.Cluster;
using ActorSockets.Outbox;
using ActorSockets.Storage;
using Akka.Actor;
using Akka.Cluster;

namespace ActorSockets.Host.Tests;

/// <summary>What a node tells the sender of a target, wherever that is.</summary>
public sealed class WakerActorSpecs : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("waker-specs-").FullName;
    private readonly Channel<string> _told = Channel.CreateUnbounded<string>();
    private OutboxAccess _access = null!;
    private IOutbox _outbox = null!;
    private ActorSystem _node = null!;
    private ActorSystem? _other;

    public Task InitializeAsync()
    {
        _access = new OutboxAccess(new OutboxSettings(new StorePlace.OnDisk(_directory), new OutboxLimits(1 << 30, 1_000, 1 << 30, 1_000), Patience, Patience));
        _outbox = _access.Open(_ => SqliteStore.Open(_directory)).Outbox;
        _node = CreateNode();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _node.Terminate();
        if (_other is not null)
            await _other.Terminate();
        await _access.CloseAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_sender_of_a_line_that_became_longer_hears_of_it_unless_it_runs_here()
    {
        using var heard = _outbox.Listen("lima", _ => { });
        Waker();
        var number = 0;
        // The actor takes its time to begin.
        while (!_told.Reader.TryRead(out _))
            await SubmitAsync($"{++number}", "rome");

        await SubmitAsync("a", "berlin");
        await SubmitAsync("b", "lima");
        await SubmitAsync("c", "oslo");
        Assert.Equal(["berlin", "oslo"], await HearAsync(2));
        // What comes within a moment is told together; that it came is told in any case.
        await SubmitAsync("d", "berlin");
        await SubmitAsync("e", "berlin");
        Assert.Equal("berlin", Assert.Single(await HearAsync(1)));
    }

    [Fact]
    public async Task A_node_that_leaves_wakes_nobody()
    {
        await UpAsync(_node, _node);
        var waker = await StartedAsync();
        _node.EventStream.Publish(TargetEntity.Rest.Instance);
        _node.EventStream.Publish(new OutboxActor.WorkWaits(["berlin"]));
        await waker.WatchAsync().WaitAsync(Patience);
        Assert.False(_told.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_part_of_a_node_that_does_not_reach_the_database_is_woken_by_the_others()
    {
        _other = CreateNode();
        await UpAsync(_node, _node);
        await UpAsync(_other, _node);
        var other = Akka.Cluster.Cluster.Get(_other).SelfAddress;
        using var patience = new CancellationTokenSource(Patience);
        while (!Akka.Cluster.Cluster.Get(_node).State.Members.Any(member => member.Address == other && member.Status == MemberStatus.Up))
            await Task.Delay(10, patience.Token);

        await StartedAsync();
        string[] all = [.. Enumerable.Range(0, 100).Select(number => $"target-{number}")];
        WorkWaits(seen: [], all);
        Assert.Equal(all, await HearAsync(all.Length));
        WorkWaits(seen: [MembersActor.NameOf(other)], all);
        WorkWaits(seen: [], "end");
        var part = 0;
        while (Assert.Single(await HearAsync(1)) != "end")
            part++;
        Assert.InRange(part, 1, all.Length - 1);

        void WorkWaits(HashSet<string> seen, params string[] targets)
        {
            _node.EventStream.Publish(new JoinerActor.Seen(seen));
            _node.EventStream.Publish(new OutboxActor.WorkWaits(targets));
        }
    }

    private static ActorSystem CreateNode() => new ClusterNode().CreateSystem(
        "node", ActorSocketsSettings.Reference, new ClusterSettings(true, "127.0.0.1", 0, ["sender"], TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5)));

    private static async Task UpAsync(ActorSystem node, ActorSystem first)
    {
        var up = new TaskCompletionSource();
        var cluster = Akka.Cluster.Cluster.Get(node);
        cluster.RegisterOnMemberUp(() => up.TrySetResult());
        cluster.Join(Akka.Cluster.Cluster.Get(first).SelfAddress);
        await up.Task.WaitAsync(Patience);
    }

    private IActorRef Waker() => _node.ActorOf(WakerActor.Props(_access, _node.ActorOf(Props.Create(() => new Region(_told)))));

    /// <summary>One that hears what is published.</summary>
    private async Task<IActorRef> StartedAsync()
    {
        var waker = Waker();
        await waker.Ask<ActorIdentity>(new Identify(null), Patience);
        return waker;
    }

    private async Task<List<string>> HearAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var heard = new List<string>();
        while (heard.Count < count)
        {
            if (await _told.Reader.ReadAsync(patience.Token) is not "rome" and var target)
                heard.Add(target);
        }

        return heard;
    }

    private async Task SubmitAsync(string id, string target)
    {
        await using var payload = _outbox.Begin();
        await payload.CompleteAsync();
        await _outbox.SubmitAsync(new Submission(payload, [new NewDelivery(target, id)]));
    }

    private sealed class Region : UntypedActor
    {
        private readonly Channel<string> _told;

        public Region(Channel<string> told) => _told = told;

        protected override void OnReceive(object message)
        {
            if (message is ClusterMessages.Wake wake)
                _told.Writer.TryWrite(wake.Target);
        }
    }
}
