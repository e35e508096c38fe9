using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;
using Akka.Configuration;

namespace ActorSockets.Tests;

/// <summary>What a program that embeds the library adds to it, from code, while it runs.</summary>
public sealed class GuestSpecs() : Specs(ConfigurationFactory.ParseString("""
    actor-sockets {
      servers.mine { sink = counting }
      targets.shouting { port = 1, payload.shout = "hello" }
      target-defaults.confirm = receipt
    }
    """))
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Targets_and_servers_come_and_go_while_the_system_runs()
    {
        var sockets = For(new ActorSocketsOptions().AddSink("counting", _ => new CountingSink([])).AddPayload("shout", text => new TextPayload(text)));
        for (var round = 0; round < 2; round++)
        {
            var endpoint = await sockets.AddServerAsync(sockets.Settings.NewServer("inbox", "127.0.0.1", 0) with { Sink = "discard", Receipt = true });
            await Assert.ThrowsAsync<IOException>(() => sockets.AddServerAsync(sockets.Settings.NewServer("inbox", "127.0.0.1", 0)));
            var target = sockets.Settings.NewTarget("archive", "127.0.0.1", endpoint.Port);
            await sockets.AddTargetAsync(target);
            await Assert.ThrowsAsync<InvalidOperationException>(() => sockets.AddTargetAsync(target));

            Assert.IsType<Deliveries.Delivered>(await sockets.SendAsync("archive", new TextPayload("hello")).WaitAsync(Patience));

            await sockets.RemoveTargetAsync("archive").WaitAsync(Patience);
            Assert.IsType<Deliveries.Rejected>(await sockets.SendAsync("archive", new TextPayload("hello")).WaitAsync(Patience));
            await sockets.RemoveServerAsync("inbox").WaitAsync(Patience);
            using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, endpoint.Port));
        }
    }

    [Fact]
    public async Task A_target_is_removed_when_its_deliveries_have_ended_or_are_cut_off()
    {
        var sockets = For(new ActorSocketsOptions().AddSink("counting", _ => new CountingSink([])).AddPayload("shout", text => new TextPayload(text)));
        using var never = new ScriptedPeer(_ => new TaskCompletionSource().Task);
        await sockets.AddTargetAsync(sockets.Settings.NewTarget("stuck", "127.0.0.1", never.Port));
        var sending = sockets.SendAsync("stuck", new TextPayload("hello"));
        using var cutOff = new CancellationTokenSource();
        var removing = sockets.RemoveTargetAsync("stuck", cutOff.Token);
        Assert.IsType<Deliveries.Rejected>(await sockets.SendAsync("stuck", new TextPayload("late")).WaitAsync(Patience));
        Assert.False(removing.IsCompleted || sending.IsCompleted);

        await cutOff.CancelAsync();
        Assert.Equal(FailureKind.Shutdown, Assert.IsType<Deliveries.Failed>(await sending.WaitAsync(Patience)).Kind);
        await removing.WaitAsync(Patience);
        await sockets.RemoveTargetAsync("stuck").WaitAsync(Patience);
        await sockets.RemoveServerAsync("nobody").WaitAsync(Patience);
    }

    [Fact]
    public async Task A_configuration_names_sinks_and_payloads_of_the_program()
    {
        var received = new List<byte>();
        var sockets = For(new ActorSocketsOptions().AddSink("counting", _ => new CountingSink(received)).AddPayload("shout", text => new TextPayload(text.ToUpperInvariant())));
        var endpoint = Assert.Single((await sockets.WhenBoundAsync()).Bound).Endpoint;
        await sockets.AddTargetAsync(sockets.Settings.NewTarget("here", "127.0.0.1", endpoint.Port) with { Confirm = Confirm.Close });
        Assert.IsType<Deliveries.Sent>(await sockets.SendAsync("here", Assert.Single(sockets.Settings.Targets).Payload!).WaitAsync(Patience));
        Assert.Equal("HELLO"u8.ToArray(), received);
    }

    [Fact]
    public void A_name_of_the_library_is_not_free()
    {
        Assert.Throws<ArgumentException>(() => new ActorSocketsOptions().AddSink("file", _ => new CountingSink([])));
        Assert.Throws<ArgumentException>(() => new ActorSocketsOptions().AddPayload("file", text => new TextPayload(text)));
        var e = Assert.Throws<SettingsException>(() => ActorSocketsSettings.From(ConfigurationFactory.ParseString("actor-sockets.servers.a.sink = counting")));
        Assert.Contains("is not one of console, discard, echo, file", Assert.Single(e.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_target_is_checked_as_one_of_the_configuration_is()
    {
        var settings = ActorSocketsSettings.From(Config.Empty);
        Assert.Equal("actor-sockets.targets.a/b", Assert.Throws<SettingsException>(() => settings.NewTarget("a/b", "127.0.0.1", 1)).Errors[0].Where);
        Assert.Throws<SettingsException>(() => settings.NewTarget("a", "not a host", 1));
        Assert.Throws<SettingsException>(() => settings.NewTarget("a", "127.0.0.1", 0));
        Assert.Throws<SettingsException>(() => settings.NewServer("a", "127.0.0.1", 70_000));
        Assert.Equal("[::1]:9", settings.NewTarget("a", "::1", 9).Endpoint);
    }

    private ActorSocketsExtension For(ActorSocketsOptions options) => ActorSocketsExtension.For(Sys, options);

    private sealed class CountingSink(List<byte> received) : ISink
    {
        public ValueTask<ReadOnlyMemory<byte>> WriteAsync(ReadOnlyMemory<byte> chunk)
        {
            received.AddRange(chunk.Span);
            return default;
        }

        public ValueTask CompleteAsync() => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
