using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using ActorSockets.Servers;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Tests;

/// <summary>The library as a program embeds it.</summary>
public sealed class ActorSocketsExtensionSpecs() : Specs(ConfigurationFactory.ParseString("""
    actor-sockets {
      servers { here { sink = discard } }
      targets { there { port = 1 } }
      ticker.enabled = on
    }
    """))
{
    [Fact]
    public async Task Starts_the_tree_that_the_configuration_describes()
    {
        var sockets = ActorSocketsExtension.For(Sys);
        Assert.Same(sockets, ActorSocketsExtension.For(Sys));

        var bound = await sockets.Servers.Ask<ServerEvents.AllBound>(new ServerEvents.WhenBound());
        Assert.NotEqual(0, Assert.Single(bound.Bound).Endpoint.Port);
        Assert.Empty(bound.Failed);
        foreach (var path in (string[])["servers/here", "clients/there", "ticker"])
            Assert.NotNull(await Sys.ActorSelection($"/user/{path}").ResolveOne(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Takes_deliveries_from_the_program()
    {
        ActorSocketsExtension.For(Sys).Clients.Tell(new Deliveries.Deliver("my-id", "elsewhere", new TextPayload("hello")), TestActor);
        Assert.Equal("my-id", ExpectMsg<Deliveries.Rejected>().Id);
    }

    [Fact]
    public void Refuses_a_wrong_configuration()
    {
        var system = ActorSystem.Create("wrong", ConfigurationFactory.ParseString("actor-sockets.servers.a.port = 70000\nakka.stdout-loglevel = OFF"));
        Assert.Throws<SettingsException>(() => ActorSocketsExtension.For(system));
        system.Terminate();
    }
}
