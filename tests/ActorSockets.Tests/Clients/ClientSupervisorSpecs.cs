using ActorSockets.Clients;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.IO;
using static ActorSockets.Clients.Deliveries;

namespace ActorSockets.Tests.Clients;

public sealed class ClientSupervisorSpecs : Specs
{
    [Fact]
    public void Rejects_a_delivery_to_a_target_that_it_does_not_know()
    {
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target()], 256, CreateTestProbe()));
        clients.Tell(new Deliver("1", "nobody", new TextPayload("hello")), TestActor);
        Assert.Equal(new Rejected("nobody", "1", "there is no target named nobody"), ExpectMsg<Rejected>());
    }

    [Fact]
    public void One_target_that_does_not_answer_holds_up_no_other()
    {
        var tcp = CreateTestProbe();
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target(), Target() with { Name = "u", Port = 10 }], 256, tcp));
        clients.Tell(new Deliver("1", "t", new TextPayload("hello")), TestActor);
        tcp.ExpectMsg<Tcp.Connect>();
        clients.Tell(new Deliver("1", "u", new TextPayload("hello")), TestActor);
        tcp.ExpectMsg<Tcp.Connect>(c => Assert.EndsWith(":10", c.RemoteAddress.ToString()!, StringComparison.Ordinal));
    }

    [Fact]
    public void A_sender_that_crashes_goes_on_with_the_same_delivery_and_the_same_queue()
    {
        var (tcp, events) = (CreateTestProbe(), SubscribeTo<BackingOff>());
        var clients = Sys.ActorOf(ClientSupervisor.Props([Target("backoff { min = 1ms, max = 1ms }")], 256, tcp), "clients");
        clients.Tell(new Deliver("1", "t", new TextPayload("first")), TestActor);
        clients.Tell(new Deliver("2", "t", new TextPayload("second")), TestActor);
        tcp.ExpectMsg<Tcp.Connect>();

        Sys.ActorSelection("/user/clients/t").Tell(Kill.Instance);
        Assert.Equal(("1", "the sender crashed"), events.ExpectMsg<BackingOff>() is var e ? (e.Id, e.Reason) : default);
        foreach (var id in (string[])["1", "2"])
        {
            tcp.ExpectMsg<Tcp.Connect>();
            var connection = CreateTestProbe();
            tcp.Sender.Tell(new Tcp.Connected(new System.Net.IPEndPoint(1, 9), new System.Net.IPEndPoint(1, 8)), connection);
            connection.ExpectMsg<Tcp.Register>();
            connection.ExpectMsg<Tcp.ResumeReading>();
            connection.Reply(connection.ExpectMsg<Tcp.Write>().Ack);
            connection.ExpectMsg<Tcp.ConfirmedClose>();
            connection.Reply(Tcp.ConfirmedClosed.Instance);
            Assert.Equal(id, ExpectMsg<Delivered>().Id);
        }
    }
}
