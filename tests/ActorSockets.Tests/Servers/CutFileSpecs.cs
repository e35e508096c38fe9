using ActorSockets.Events;
using ActorSockets.Servers;
using ActorSockets.Servers.Sinks;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using Akka.TestKit;

namespace ActorSockets.Tests.Servers;

/// <summary>A connection that never ends, and its files. Its bytes come over real sockets, time is virtual.</summary>
public sealed class CutFileSpecs : Specs
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cut-specs-").FullName;
    private readonly TestProbe _events;
    private readonly SocketPair _sockets = new();

    public CutFileSpecs() : base(VirtualTime)
    {
        _events = SubscribeTo<ServerEvents.IServerEvent>();
    }

    [Fact]
    public void Each_file_is_whole_and_in_order_while_the_connection_goes_on()
    {
        Receive("cut { at-bytes = 5, at = line }");
        Send("one\ntwo\nthree\nfour\nfi");
        Assert.Equal(["one\ntwo\n", "three\n", "four\n", "fi"], [Cut(), Cut(), Cut(), Partial("fi")]);
        Send("ve\n");
        Assert.Equal("five\n", Cut());
        Assert.Equal(["one\ntwo\n", "three\n", "four\n", "five\n"], Files());
    }

    [Fact]
    public void A_file_ends_when_its_time_is_over_although_nothing_comes()
    {
        Receive("cut { after = 1h }");
        Send("one");
        Assert.Equal("one", AfterAnHour());
        Send("two");
        Assert.Equal("two", AfterAnHour());
        for (var hour = 0; hour < 3; hour++)
            Advance(TimeSpan.FromHours(1));
        Assert.Equal(["one", "two"], Files());
    }

    [Fact]
    public void A_line_that_has_begun_comes_to_its_end_after_the_time()
    {
        Receive("cut { after = 1h, at = line }");
        Send("one\n");
        Partial("one\n");
        Send("tw");
        // Its time began when the first chunk was stored, and the second one was written after that.
        Partial("one\ntw");
        for (var i = 0; i < 3; i++)
            Advance(TimeSpan.FromHours(1));
        Send("o\nthree\n");
        Assert.Equal("one\ntwo\n", Cut());
        Partial("three\n");
    }

    [Fact]
    public void A_clean_end_completes_the_last_file_and_a_broken_one_keeps_it_partial()
    {
        Receive("cut { at-bytes = 4 }");
        Send("onetwo");
        Assert.Equal("onet", Cut());
        _sockets.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        var completed = _events.FishForMessage<ServerEvents.Completed>(_ => true);
        Assert.Equal((6, "wo"), (completed.Bytes, File.ReadAllText(completed.StoredAs!)));
    }

    [Fact]
    public void A_broken_connection_leaves_one_partial_file()
    {
        Receive("cut { at-bytes = 4 }");
        Send("onetwo");
        Assert.Equal("onet", Cut());
        Partial("wo");
        ScriptedPeer.Reset(_sockets.Client);
        var broken = _events.FishForMessage<ServerEvents.BrokenOff>(_ => true);
        Assert.Equal("wo", File.ReadAllText(broken.KeptAs!));
        Assert.Equal(["onet"], Files());
    }

    [Fact]
    public void A_connection_that_ends_behind_a_file_leaves_no_empty_one()
    {
        Receive("cut { at-bytes = 3 }");
        Send("one");
        Assert.Equal("one", Cut());
        _sockets.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Null(_events.FishForMessage<ServerEvents.Completed>(_ => true).StoredAs);
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public void A_file_that_cannot_be_completed_breaks_the_connection_off()
    {
        Receive("cut { after = 1h }");
        Send("one");
        Partial("one");
        var path = Assert.Single(Directory.GetFiles(_directory));
        Directory.CreateDirectory(path[..^".partial".Length]);
        var reason = "";
        AwaitCondition(() =>
        {
            Advance(TimeSpan.FromHours(1));
            return _events.ReceiveOne(TimeSpan.FromMilliseconds(5)) is ServerEvents.BrokenOff broken && (reason = broken.Reason).Length > 0;
        }, TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(5));
        Assert.Contains("the file sink failed: ", reason, StringComparison.Ordinal);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _sockets.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Receive(string hocon)
    {
        var settings = Server($"sink = file\n idle-timeout = 0s\n directory = \"{_directory}\"\n{hocon}");
        var store = new FileStore(settings);
        Sys.ActorOf(ReceiverActor.Props(settings, new PlainConnection(_sockets.Accepted, null), store,
            (server, peer, of, delivery) => SinkFactory.Create(new SinkContext(server, peer, _ => ValueTask.CompletedTask, of, delivery))));
    }

    private void Send(string text) => _sockets.Client.Send(System.Text.Encoding.ASCII.GetBytes(text));

    /// <summary>What is in the next file that ends.</summary>
    private string Cut() => File.ReadAllText(_events.FishForMessage<ServerEvents.FileCut>(_ => true).StoredAs);

    private string AfterAnHour()
    {
        // The timer begins when the first chunk is stored.
        AwaitCondition(() =>
        {
            Advance(TimeSpan.FromHours(1));
            return _events.ReceiveOne(TimeSpan.FromMilliseconds(5)) is ServerEvents.FileCut cut && (_last = cut.StoredAs).Length > 0;
        }, TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(5));
        return File.ReadAllText(_last);
    }

    private string _last = "";

    /// <summary>Waits for the partial file to have that.</summary>
    private string Partial(string text)
    {
        AwaitCondition(() => Directory.GetFiles(_directory, "*.partial") is [var only] && File.ReadAllText(only) == text, TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(5));
        return text;
    }

    /// <summary>The whole files, in the order of their names.</summary>
    private string[] Files() => [.. Directory.GetFiles(_directory).Where(f => !f.EndsWith(".partial", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
}
