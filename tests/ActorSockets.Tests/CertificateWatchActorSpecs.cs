using ActorSockets.Events;
using ActorSockets.Tests.Support;
using ActorSockets.Transport.Tls;
using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;

namespace ActorSockets.Tests;

/// <summary>Changed files and expiring certificates, in virtual time.</summary>
public sealed class CertificateWatchActorSpecs : Specs
{
    private readonly TestPki _pki = new();
    private readonly TestProbe _events;

    public CertificateWatchActorSpecs() : base(VirtualTime) => _events = SubscribeTo<TlsEvents.ITlsEvent>();

    [Fact]
    public void A_certificate_that_expires_soon_is_reported_at_the_start_and_once_a_day()
    {
        Watch(expiryWarning: TimeSpan.FromDays(90));
        Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_events.ExpectMsg<TlsEvents.CertificateExpires>().HasExpired);
        Advance(TimeSpan.FromHours(23));
        _events.ExpectNoMsg(TimeSpan.Zero);
        Advance(TimeSpan.FromHours(1));
        _events.FishForMessage<TlsEvents.CertificateExpires>(e => e.Owner == "server s");
    }

    [Fact]
    public void One_that_is_valid_for_long_is_not()
    {
        Watch(expiryWarning: TimeSpan.FromDays(30));
        Advance(TimeSpan.FromDays(1));
        _events.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Changed_files_are_used_and_a_failure_is_reported_once()
    {
        var files = Watch(expiryWarning: TimeSpan.Zero);
        var first = files.Current;
        File.WriteAllText(_pki.Server.Key, "no key");
        Look();
        Assert.Equal($"tls.key: '{_pki.Server.Key}' has no private key in it: needs PEM, which begins with -----BEGIN PRIVATE KEY-----",
            _events.ExpectMsg<TlsEvents.CertificateNotReloaded>().Reason);
        Look();
        _events.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.Same(first, files.Current);

        var renewed = _pki.Issue("localhost", "localhost");
        File.Copy(renewed.Certificate, _pki.Server.Certificate, overwrite: true);
        File.Copy(renewed.Key, _pki.Server.Key, overwrite: true);
        AwaitAssert(() =>
        {
            Look();
            Assert.NotSame(first, files.Current);
        });
        _events.FishForMessage<TlsEvents.CertificateReloaded>(e => e.Owner == "server s");
    }

    [Fact]
    public void Files_of_a_server_that_was_removed_are_left_alone()
    {
        var files = Watch(expiryWarning: TimeSpan.Zero);
        Sys.EventStream.Publish(new ServerEvents.Removed("s"));
        File.WriteAllText(_pki.Server.Key, "no key");
        Look();
        _events.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
        Assert.NotNull(files.Current);
    }

    [Fact]
    public async Task A_server_that_is_added_while_the_system_runs_is_watched_too()
    {
        using var system = ActorSystem.Create("added", ConfigurationFactory.ParseString($$"""
            akka { loglevel = OFF, stdout-loglevel = OFF }
            actor-sockets { tls.reload-interval = 10ms, server-defaults { sink = discard, {{_pki.ServerTls}} } }
            """));
        var sockets = ActorSocketsExtension.For(system);
        await using var events = sockets.Events().GetAsyncEnumerator();
        var moving = events.MoveNextAsync();
        await sockets.AddServerAsync(sockets.Settings.NewServer("inbox", "127.0.0.1", 0));
        var renewed = _pki.Issue("localhost", "localhost");
        File.Copy(renewed.Key, _pki.Server.Key, overwrite: true);
        File.Copy(renewed.Certificate, _pki.Server.Certificate, overwrite: true);
        while (await moving && events.Current is not TlsEvents.CertificateReloaded)
            moving = events.MoveNextAsync();
        Assert.Equal("server inbox", Assert.IsType<TlsEvents.CertificateReloaded>(events.Current).Owner);
        await system.Terminate();
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _pki.Dispose();
    }

    private void Look() => Advance(TimeSpan.FromSeconds(10));

    private TlsFiles Watch(TimeSpan expiryWarning)
    {
        var files = new TlsFiles(("certificate", _pki.Server.Certificate), ("key", _pki.Server.Key), ("client-ca", ""));
        files.Load();
        var actor = Sys.ActorOf(CertificateWatchActor.Props(new CertificateSettings(TimeSpan.FromSeconds(10), expiryWarning)));
        actor.Tell(new CertificateWatchActor.Watch("server s", files));
        // Its timers run when it has started.
        actor.Tell(new Akka.Actor.Identify(1), TestActor);
        ExpectMsg<Akka.Actor.ActorIdentity>();
        return files;
    }
}
