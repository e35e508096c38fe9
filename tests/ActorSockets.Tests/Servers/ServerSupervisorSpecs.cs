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
}
