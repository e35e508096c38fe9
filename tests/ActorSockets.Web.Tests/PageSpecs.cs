using System.Net;
using System.Net.Sockets;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Web.Tests.Support;

namespace ActorSockets.Web.Tests;

/// <summary>The page in a real browser.</summary>
public sealed class PageSpecs(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const string First = "document.querySelector('#target-rows tr')";

    private static readonly Deliveries.Report Report = new(10, 10, 0, 1, TimeSpan.FromSeconds(2), TimeSpan.Zero);

    private Browser? Browser => fixture.Browser;

    [Fact]
    public async Task A_target_in_trouble_comes_first_and_figures_are_those_of_the_overview()
    {
        if (Browser is null)
            return;
        const int Length = 123_457;
        await using var web = await WebSystem.StartAsync("servers.in { sink = discard, receipt = on }\ntargets { good { port = 1 }, down { port = 9 } }\ntarget-defaults.backoff { min = 1h, max = 1h }");
        await web.Sockets.WhenBoundAsync();
        _ = web.Sockets.SendAsync("down", new BytesPayload(new byte[1]));
        web.Publish(new Deliveries.Connecting("good", "1", 1, "e"), new Deliveries.Connected("good", "1", 1, "e", Length), new Deliveries.Delivered("good", "1", Report with { Length = Length, Taken = Length }));
        await web.OverviewAsync(o => (string)o["targets"]![1]!["phase"]! == "backing-off" && (string)o["targets"]![0]!["phase"]! == "delivered");
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync("document.querySelector('#health').innerText === '1 of 2 targets in trouble'");
        Assert.Equal("down", await tab.TextAsync("#target-rows tr .name"));
        Assert.Contains("Connection refused", await tab.TextAsync("#target-rows tr .error"), StringComparison.Ordinal);
        Assert.Equal("(1) ActorSockets", (string)(await tab.ValueAsync("document.title"))!);
        Assert.Equal($"{Length}", (string)(await tab.ValueAsync("document.querySelectorAll('#target-rows tr:not(.details) [data-bytes]')[1].dataset.bytes"))!);
        Assert.StartsWith("listening", await tab.TextAsync("#server-rows .state"), StringComparison.Ordinal);
        await tab.UntilAsync("document.querySelector('#event-rows').innerText.includes('backing off')");
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Nodes_are_shown_by_a_program_that_is_one()
    {
        if (Browser is null)
            return;
        await using var web = await WebSystem.StartAsync("ticker.enabled = off");
        Assert.Null((await web.OverviewAsync())["cluster"]);
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync("document.querySelector('#health').innerText === 'Running' && document.querySelector('#cluster').hidden");
        web.Publish(new ClusterEvents.ClusterMeasured([
            new("10.0.0.1:7600", true, ClusterEvents.NodeState.Up, ["sender"], 3), new("10.0.0.2:7600", false, ClusterEvents.NodeState.Unreachable, ["sender"], null),
        ]));
        await tab.UntilAsync("document.querySelector('#health').innerText === '1 of 2 nodes unreachable' && !document.querySelector('#cluster').hidden");
        Assert.Equal("10.0.0.1:7600 this one|up|3|sender|10.0.0.2:7600|unreachable|unknown|sender",
            (string)(await tab.ValueAsync("[...document.querySelectorAll('#node-rows td')].map(cell => cell.innerText.replace('\\n', ' ')).join('|')"))!);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Texts_of_peers_stay_texts()
    {
        if (Browser is null)
            return;
        await using var web = await WebSystem.StartAsync("targets.t { port = 9 }");
        web.Publish(new Deliveries.Connecting("t", "<b>1</b>", 1, "e"), new Deliveries.Failed("t", "<b>1</b>", FailureKind.ConnectionLost, "<img src=x onerror='document.title=1'>\u202e\u001b[2J", Report));
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync("document.querySelector('#target-rows .error bdi')?.innerText === \"<img src=x onerror='document.title=1'>\\\\u202e\\\\u001b[2J\"");
        await tab.UntilAsync("document.querySelector('#event-rows').innerText.includes('<img')");
        Assert.Equal(0, (int)(await tab.ValueAsync("document.querySelectorAll('img, #main b b').length"))!);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_thousand_targets_are_found_by_keyboard()
    {
        if (Browser is null)
            return;
        await using var web = await WebSystem.StartAsync($"targets {{ {string.Join(' ', Enumerable.Range(0, 1000).Select(i => $"t{i} {{ port = 9 }}\n"))} }}");
        web.Publish(new Deliveries.Connecting("t777", "1", 1, "e"), new Deliveries.Failed("t777", "1", FailureKind.Refused, "it said no", Report));
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync($"{First} && {First}.innerText.includes('it said no')");
        Assert.Equal("Show 100 more of 900", await tab.TextAsync("#more"));
        await tab.PressAsync("/", "/");
        await tab.TypeAsync("t99");
        Assert.Equal("11 of 1000", await tab.TextAsync("#targets-count"));
        await tab.PressAsync("Escape", code: 27);
        Assert.Equal("1000", await tab.TextAsync("#targets-count"));
        Assert.Empty(tab.Complaints);
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task It_fits_a_phone(string scheme)
    {
        if (Browser is null)
            return;
        await using var web = await WebSystem.StartAsync("servers.in { sink = discard }\ntargets.a-rather-long-name-of-a-target.port = 9\ntargets.b.port = 9");
        web.Publish(new Deliveries.Connecting("b", "1", 1, "e"), new Deliveries.BackingOff("b", "1", 1, FailureKind.Refused, $"no {new string('x', 200)}", 0, TimeSpan.FromHours(1)));
        await using var tab = await Browser.OpenAsync(web.Page, 360, 740, phone: true, scheme);
        await tab.UntilAsync($"{First} && document.querySelector('#event-rows li')");
        Assert.Equal(360, (int)(await tab.ValueAsync("document.documentElement.scrollWidth"))!);
        var back = (string)(await tab.ValueAsync("getComputedStyle(document.documentElement).backgroundColor"))!;
        Assert.Equal(scheme == "light" ? "rgb(246, 247, 249)" : "rgb(15, 19, 24)", back);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_target_retries_and_a_delivery_is_cancelled_by_keyboard_where_changes_are_allowed()
    {
        if (Browser is null)
            return;
        await using var web = await WebSystem.StartAsync("targets.down.port = 9\ntarget-defaults.backoff { min = 1h, max = 1h }", "allow-changes = on");
        var outcome = web.Sockets.SendAsync("down", new BytesPayload(new byte[1]));
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync($"{First} && {First}.innerText.includes('backing off')");
        await tab.ValueAsync("document.querySelector('button.name').focus()");
        await tab.PressEnterAsync();
        await tab.UntilAsync("document.querySelector('.cancel')?.offsetParent");
        await tab.PressAsync("Tab", code: 9);
        Assert.Equal("Retry now", (string)(await tab.ValueAsync("document.activeElement.innerText"))!);
        await tab.PressEnterAsync();
        await web.OverviewAsync(o => (int)o["targets"]![0]!["attempt"]! == 2 && (string)o["targets"]![0]!["phase"]! == "backing-off");
        await tab.UntilAsync("!document.querySelector('.retry').disabled");
        await tab.PressAsync("Tab", code: 9);
        Assert.Equal("Cancel delivery", (string)(await tab.ValueAsync("document.activeElement.innerText"))!);
        await tab.PressEnterAsync();
        Assert.Equal(FailureKind.Cancelled, Assert.IsType<Deliveries.Failed>(await outcome).Kind);
        await tab.UntilAsync("document.querySelector('#target-rows .state').innerText.startsWith('failed')");
        Assert.Empty(tab.Complaints);
    }

    /// <summary>The README's picture, with PICTURES=docs: real deliveries, one of them blocked and one refused.</summary>
    [Fact]
    public async Task It_shows_what_really_happens()
    {
        if (Browser is null)
            return;
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen();
        var pictures = Environment.GetEnvironmentVariable("PICTURES");
        await using var receiving = await WebSystem.StartAsync("servers { inbox { sink = discard, receipt = on }, archive { sink = discard, receipt = on } }");
        var (inbox, archive) = (await receiving.PortAsync("inbox"), await receiving.PortAsync("archive"));
        await using var web = await WebSystem.StartAsync(
            $$"""
            servers { orders { sink = discard, receipt = on }, returns { sink = discard } }
            targets {
              warehouse { port = {{inbox}}, confirm = receipt, max-send-rate = 3MiB }
              archive { port = {{archive}}, confirm = receipt }
              branch-7 { port = 9, confirm = receipt }
              legacy { port = {{((IPEndPoint)deaf.LocalEndPoint!).Port}} }
              night-shift { port = 9 }
            }
            target-defaults.backoff { min = 20s, max = 20s }
            ticker { enabled = on, interval = 100ms }
            """, "allow-changes = on");
        Task[] deliveries =
        [
            web.Sockets.SendAsync("archive", new GeneratedPayload(48_123_457)), web.Sockets.SendAsync("branch-7", new GeneratedPayload(1 << 20)),
            web.Sockets.SendAsync("warehouse", new GeneratedPayload(100 << 20)), web.Sockets.SendAsync("warehouse", new GeneratedPayload(1)),
            web.Sockets.SendAsync("legacy", new GeneratedPayload(64 << 20)),
        ];
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, await web.PortAsync("orders"));
        await client.SendAsync(new byte[777]);
        client.Shutdown(SocketShutdown.Send);
        using var staying = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await staying.ConnectAsync(IPAddress.Loopback, await web.PortAsync("returns"));
        await deliveries[0];
        await using var tab = await Browser.OpenAsync(web.Page, height: 1010);
        await tab.UntilAsync("document.querySelector('#health').innerText === '2 of 5 targets in trouble'");
        await tab.UntilAsync("document.querySelector('#server-rows [data-bytes]').dataset.bytes === '777'");
        await tab.UntilAsync("[...document.querySelectorAll('#target-rows tr')].some(r => r.innerText.includes('blocked')) && document.querySelector('#event-rows').innerText.includes('48,123,457 B')");
        var bytes = await tab.ValueAsync("[...document.querySelectorAll('#target-rows tr:not(.details)')].find(r => r.innerText.startsWith('archive')).querySelector('[data-bytes]').dataset.bytes");
        Assert.Equal("48123457", (string)bytes!);
        Assert.Contains("actorsockets_delivery_io_bytes_total{target=\"archive\"} 48123457\n", (await web.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        Assert.Contains("actorsockets_server_io_bytes_total{server=\"archive\"} 48123457\n", (await receiving.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        Assert.Empty(tab.Complaints);
        if (pictures is null)
            return;
        await tab.UntilAsync("document.querySelector('#rate-out polyline').getAttribute('points').split(' ').length > 14");
        await File.WriteAllBytesAsync(Path.Combine(Repository.Root, pictures, "page.png"), await tab.PictureAsync());
        await using var phone = await Browser.OpenAsync(web.Page, 390, 844, phone: true, "dark");
        await phone.UntilAsync("document.querySelector('#event-rows li')");
        await File.WriteAllBytesAsync(Path.Combine(Path.GetTempPath(), "page-phone.png"), await phone.PictureAsync());
        await using var dark = await Browser.OpenAsync(web.Page, scheme: "dark");
        await dark.UntilAsync("document.querySelector('#event-rows li')");
        await dark.ValueAsync("document.querySelector('button.name').click()");
        await File.WriteAllBytesAsync(Path.Combine(Path.GetTempPath(), "page-dark.png"), await dark.PictureAsync());
    }

    [Fact]
    public async Task It_asks_for_the_token()
    {
        if (Browser is null)
            return;
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "a-token-of-this-test\n");
            await using var web = await WebSystem.StartAsync("targets.t.port = 9", $"token-file = \"{file}\"");
            await using var tab = await Browser.OpenAsync(web.Page);
            await tab.UntilAsync("!document.querySelector('#token').hidden");
            Assert.True((bool)(await tab.ValueAsync("document.querySelector('#main').hidden"))!);
            await tab.ValueAsync("document.querySelector('#token input').focus()");
            await tab.TypeAsync("a-token-of-this-test");
            await tab.PressEnterAsync();
            await tab.UntilAsync($"{First} && document.querySelector('#token').hidden");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task It_says_when_the_program_has_gone()
    {
        if (Browser is null)
            return;
        var web = await WebSystem.StartAsync("targets.t.port = 9");
        await using var tab = await Browser.OpenAsync(web.Page);
        await tab.UntilAsync(First);
        await web.DisposeAsync();
        await tab.UntilAsync("document.querySelector('#offline').innerText.includes('does not answer')");
    }
}
