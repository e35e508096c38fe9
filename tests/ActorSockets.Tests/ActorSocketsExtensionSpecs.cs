using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.Configuration;

namespace ActorSockets.Tests;

/// <summary>The library as a program embeds it.</summary>
public sealed class ActorSocketsExtensionSpecs() : Specs(ConfigurationFactory.ParseString("""
    actor-sockets {
      servers { here { sink = discard } }
      targets { there { port = 1 } }
      ticker { enabled = on, interval = 10ms }
    }
    """))
{
    [Fact]
    public async Task Starts_the_tree_that_the_configuration_describes()
    {
        var sockets = ActorSocketsExtension.For(Sys);
        Assert.Same(sockets, ActorSocketsExtension.For(Sys));

        var bound = await sockets.WhenBoundAsync();
        Assert.NotEqual(0, Assert.Single(bound.Bound).Endpoint.Port);
        Assert.Empty(bound.Failed);
        foreach (var path in (string[])["servers/here", "clients/there", "ticker"])
            Assert.NotNull(await Sys.ActorSelection($"/user/actor-sockets/{path}").ResolveOne(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Takes_deliveries_from_the_program()
    {
        ActorSocketsExtension.For(Sys).Ref.Tell(new Deliveries.Deliver("my-id", "elsewhere", new TextPayload("hello")), TestActor);
        Assert.Equal("my-id", ExpectMsg<Deliveries.Rejected>().Id);
    }

    [Fact]
    public async Task Sends_and_tells_how_it_ended_also_when_it_is_cancelled()
    {
        var sockets = ActorSocketsExtension.For(Sys);
        Assert.IsType<Deliveries.Rejected>(await sockets.SendAsync("elsewhere", new TextPayload("hello")));
        using var cancelled = new CancellationTokenSource();
        var sending = sockets.SendAsync("there", new TextPayload("hello"), cancelled.Token);
        await cancelled.CancelAsync();
        Assert.Equal(FailureKind.Cancelled, Assert.IsType<Deliveries.Failed>(await sending).Kind);
    }

    [Fact]
    public async Task A_coordinated_shutdown_drains_also_when_its_phase_has_no_time_for_it()
    {
        using var host = ActorSystem.Create("host", ConfigurationFactory.ParseString("actor-sockets.shutdown.cut-off-timeout = 1h"));
        var sockets = ActorSocketsExtension.For(host);
        await CoordinatedShutdown.Get(host).Run(CoordinatedShutdown.ClrExitReason.Instance).WaitAsync(TimeSpan.FromSeconds(30));
        // The first call's task, which has not failed.
        await sockets.DrainAsync();
    }

    [Fact]
    public async Task Events_are_an_asynchronous_stream_that_ends_with_the_system()
    {
        var sockets = ActorSocketsExtension.For(Sys);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadAsync();
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await Sys.Terminate();
        await reading.WaitAsync(TimeSpan.FromSeconds(30));

        async Task ReadAsync()
        {
            await foreach (var happened in sockets.Events())
            {
                // The ticker ticks.
                if (happened is Ticked)
                    seen.TrySetResult();
            }
        }
    }

    [Fact]
    public async Task Every_delivery_has_its_outcome_when_the_system_ends()
    {
        var system = ActorSystem.Create("ends", ConfigurationFactory.ParseString("""
            akka { loglevel = OFF, stdout-loglevel = OFF }
            actor-sockets { targets.nobody.port = 1, shutdown.drain-timeout = 50ms }
            """));
        var sockets = ActorSocketsExtension.For(system);
        var deliveries = Enumerable.Range(0, 200).Select(_ => sockets.SendAsync("nobody", new TextPayload("hello"))).ToArray();
        await system.Terminate();
        Assert.All(await Task.WhenAll(deliveries).WaitAsync(TimeSpan.FromSeconds(30)), answer =>
            Assert.True(answer is Deliveries.Rejected or Deliveries.Failed { Kind: FailureKind.Shutdown }, $"{answer}"));
        Assert.True(await sockets.SendAsync("nobody", new TextPayload("late")) is Deliveries.Failed { Kind: FailureKind.Shutdown });
    }

    [Fact]
    public async Task Nothing_of_its_host_is_another_than_before()
    {
        var plain = ActorSystem.Create("plain", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        var host = ActorSystem.Create("host", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        ActorSocketsExtension.For(host);
        Assert.Equal(plain.Scheduler.GetType(), host.Scheduler.GetType());
        Assert.Equal(plain.Settings.Config.GetConfig("akka").ToString(), host.Settings.Config.GetConfig("akka").ToString());
        await plain.Terminate();
        await host.Terminate();
    }

    [Fact]
    public void Refuses_a_wrong_configuration()
    {
        var system = ActorSystem.Create("wrong", ConfigurationFactory.ParseString("actor-sockets.servers.a.port = 70000\nakka.stdout-loglevel = OFF"));
        Assert.Throws<SettingsException>(() => ActorSocketsExtension.For(system));
        system.Terminate();
    }
}
