using ActorSockets.Clients;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using Akka.Actor;
using static ActorSockets.Events.Deliveries;

namespace ActorSockets.Tests.Clients;

public sealed class ClientSupervisorSpecs : Specs
{
    [Fact]
    public void Rejects_a_delivery_to_a_target_that_it_does_not_know()
    {
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target()], 256, new ScriptedConnector(), new OutboxAccess(null)));
        clients.Tell(new Deliver("1", "nobody", new TextPayload("hello")), TestActor);
        Assert.Equal(new Rejected("nobody", "1", "there is no target named nobody"), ExpectMsg<Rejected>());
    }

    [Fact]
    public void One_target_that_does_not_answer_holds_up_no_other()
    {
        var connector = new ScriptedConnector();
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target(), Target() with { Name = "u", Port = 10 }], 256, connector, new OutboxAccess(null)));
        clients.Tell(new Deliver("1", "t", new TextPayload("hello")), TestActor);
        connector.Next();
        clients.Tell(new Deliver("1", "u", new TextPayload("hello")), TestActor);
        Assert.Equal(10, connector.Next().Port);
    }

    [Fact]
    public void A_sender_that_crashes_goes_on_with_the_same_delivery_and_the_same_queue()
    {
        var (connector, events) = (new ScriptedConnector(), SubscribeTo<BackingOff>());
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target("backoff { min = 1ms, max = 1ms }")], 256, connector, new OutboxAccess(null)), "clients");
        clients.Tell(new Deliver("1", "t", new TextPayload("first")), TestActor);
        clients.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        connector.Next();

        Sys.ActorSelection("/user/clients/t").Tell(Kill.Instance);
        Assert.Equal(("1", "the sender crashed"), events.ExpectMsg<BackingOff>() is var e ? (e.Id, e.Reason) : default);
        foreach (var id in (string[])["1", "2"])
        {
            var connection = connector.Next().Accept();
            connection.TakeWrite();
            connection.ExpectFinish();
            connection.PeerCloses();
            Assert.Equal(id, ExpectMsg<Sent>().Id);
        }
    }
}
