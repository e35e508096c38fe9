using System.Threading.Channels;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.TestKit.TestActors;

namespace ActorSockets.Tests.Servers;

/// <summary>Servers whose listeners never say whether they listen.</summary>
public sealed class ServerSupervisorSpecs : Specs
{
    [Fact]
    public void A_server_that_is_removed_before_it_listens_keeps_nobody_waiting()
    {
        var configured = Server("sink = discard");
        var supervisor = Sys.ActorOf(ServerSupervisor.Props([configured], new OutboxAccess(null), (_, _, _, _) => new RecordingSink(), _ => Props.Create<BlackHoleActor>()));
        var (starter, adder) = (CreateTestProbe(), CreateTestProbe());
        supervisor.Tell(new ServerEvents.WhenBound(), starter);
        supervisor.Tell(new ServerCommands.Add(configured with { Name = "added" }), adder);
        foreach (var name in (string[])["added", configured.Name])
            supervisor.Tell(new ServerCommands.Remove(name), TestActor);
        Assert.Equal("it was removed before it listened", adder.ExpectMsg<ServerEvents.BindFailed>().Reason);
        Assert.Equal("it was removed before it listened", Assert.Single(starter.ExpectMsg<ServerEvents.AllBound>().Failed).Reason);
    }

    [Fact]
    public async Task No_relay_forgets_what_one_that_was_added_later_has_to_remember()
    {
        var ledger = new ForgettingLedger();
        var access = new OutboxAccess(new OutboxSettings(new StorePlace.OnDisk("nowhere"), new OutboxLimits(1, 1, 1, 1), TimeSpan.Zero, TimeSpan.Zero));
        access.Open(_ => new ScriptedStore(ledger));
        var week = Server("protocol = deliveries, sink = discard, clean-interval = 1s") with { Sink = "relay", Remembers = TimeSpan.FromDays(7) };
        var supervisor = Sys.ActorOf(ServerSupervisor.Props([week], access, (_, _, _, _) => new RecordingSink(), _ => Props.Create<BlackHoleActor>()));
        Assert.Equal(7, (await ledger.ForgottenAsync()).TotalDays, tolerance: 1);
        supervisor.Tell(new ServerCommands.Add(week with { Name = "month", Remembers = TimeSpan.FromDays(30) }), ActorRefs.NoSender);
        supervisor.Tell(new ServerCommands.Remove("month"), TestActor);
        ExpectMsg<ServerEvents.Removed>();
        ledger.Clear();
        Assert.Equal(30, (await ledger.ForgottenAsync()).TotalDays, tolerance: 1);
    }

    /// <summary>Tells how old an entry must be to be forgotten.</summary>
    private sealed class ForgettingLedger : ILedger
    {
        private readonly Channel<TimeSpan> _forgotten = Channel.CreateUnbounded<TimeSpan>();

        public async Task<TimeSpan> ForgottenAsync() => await _forgotten.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        public void Clear()
        {
            while (_forgotten.Reader.TryRead(out _))
            {
            }
        }

        public Task<int> ForgetAsync(DateTime before)
        {
            _forgotten.Writer.TryWrite(DateTime.UtcNow - before);
            return Task.FromResult(0);
        }

        public ValueTask<LedgerEntry?> FindAsync(DeliveryKey key) => throw new NotSupportedException();

        public Task WriteAsync(params IReadOnlyCollection<LedgerEntry> entries) => throw new NotSupportedException();

        public Task RemoveAsync(params IReadOnlyCollection<DeliveryKey> keys) => throw new NotSupportedException();

        public Task<IReadOnlyList<LedgerEntry>> UnfinishedAsync() => throw new NotSupportedException();
    }
}
