using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using Akka.Configuration;

namespace ActorSockets.Tests.Events;

/// <summary>What a listener of the meter hears.</summary>
public sealed class InstrumentsSpecs
{
    private static readonly Deliveries.Report Report = new(10, 10, 0, 1, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));

    [Fact]
    public void The_documentation_lists_every_instrument_with_its_unit_and_attributes()
    {
        var documented = Regex.Matches(Documentation(), @"^\| `(actorsockets\.[a-z.]+)` \| (\w+) \| `([^`]*)` \| (.*?) \| (.*?) \|", RegexOptions.Multiline)
            .Select(m => $"{m.Groups[1]} {m.Groups[2]} {m.Groups[3]} {string.Join(' ', Regex.Matches(m.Groups[4].Value, "`([^`]+)`").Select(a => a.Groups[1].Value).Order(StringComparer.Ordinal))} {m.Groups[5]}");
        using var heard = new Listener(maxTargets: 10);
        Assert.Equal(
            heard.Published.Select(i => $"{i.Name} {Kind(i)} {i.Unit} {heard.Attributes(i.Name)} {i.Description}").Order(StringComparer.Ordinal),
            documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documentation_lists_every_kind_of_failure_reason_and_state()
    {
        Assert.Equal(Names<FailureKind>(), Values("`error.type`"));
        Assert.Equal(Names<RefusalKind>(), Values("`reason`"));
        Assert.Equal(Names<Phase>(), Values("`state` of targets"));
        Assert.Equal(Names<ClusterEvents.NodeState>(), Values("`state` of nodes"));

        static IEnumerable<string> Names<T>() where T : struct, Enum => Enum.GetNames<T>().Select(Series.Word);

        static IEnumerable<string> Values(string attribute) =>
            Regex.Matches(Regex.Match(Documentation(), $@"^\| {Regex.Escape(attribute)} \| (.*) \|$", RegexOptions.Multiline).Groups[1].Value.Split(':')[^1], "`([a-z_]+)`").Select(m => m.Groups[1].Value);
    }

    [Fact]
    public void Totals_are_those_of_the_overview_also_for_a_listener_that_comes_late()
    {
        using var heard = new Listener(maxTargets: 10);
        Assert.Equal(["1 outcome=delivered target=a", "1 outcome=failed target=a", "1 outcome=sent target=b"], heard.Measured("actorsockets.delivery.completed").Where(m => m[0] != '0'));
        Assert.Equal(["1 error.type=connection_lost target=a"], heard.Measured("actorsockets.delivery.failed"));
        Assert.Equal(["10 target=b", "20 target=a"], heard.Measured("actorsockets.delivery.io"));
        Assert.Equal(["2 reason=not_allowed server=s"], heard.Measured("actorsockets.server.refused"));
        Assert.Equal(["1 state=unreachable", "2 state=up"], heard.Measured("actorsockets.cluster.node.state").Where(m => m[0] != '0'));
        Assert.Equal(["7 "], heard.Measured("actorsockets.cluster.target.active"));
    }

    [Fact]
    public void Without_a_cluster_there_are_no_series_of_it()
    {
        var series = new Series(new OverviewState().At(TimeSpan.Zero), maxTargets: 1);
        Assert.Empty(series.Nodes());
        Assert.Empty(series.TargetsHere());
    }

    [Fact]
    public void With_more_targets_than_allowed_they_are_summed()
    {
        using var heard = new Listener(maxTargets: 1);
        Assert.Equal(["30 "], heard.Measured("actorsockets.delivery.io"));
        Assert.Equal(["1 error.type=connection_lost"], heard.Measured("actorsockets.delivery.failed"));
        Assert.DoesNotContain(heard.Published, i => heard.Attributes(i.Name).Contains("target", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_metrics_and_web_there_is_no_overview()
    {
        Assert.False(Settings("").Metrics.Enabled || Settings("").Web.Enabled);
        var error = Assert.Single(Assert.Throws<SettingsException>(() => Settings("web { enabled = on, host = \"0.0.0.0\" }")).Errors);
        Assert.Contains("set token-file", error.Message, StringComparison.Ordinal);

        static ActorSocketsSettings Settings(string hocon) => ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets {{ {hocon} }}"));
    }

    private static string Kind(Instrument instrument) => instrument.GetType().Name switch
    {
        var name when name.Contains("Counter", StringComparison.Ordinal) => "counter",
        var name when name.Contains("Gauge", StringComparison.Ordinal) => "gauge",
        _ => "histogram",
    };

    private static string Documentation([CallerFilePath] string path = "") =>
        File.ReadAllText(Path.Combine(Directory.GetParent(path)!.Parent!.Parent!.Parent!.FullName, "docs", "metrics.md"));

    /// <summary>Hears all instruments of a system in which everything has happened once.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Instruments _instruments;
        private readonly List<(string Name, string Value, string[] Tags)> _measured = [];

        public Listener(int maxTargets)
        {
            var scope = new object();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope != scope)
                    return;
                Published.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, FormattableString.Invariant($"{value}"), tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, FormattableString.Invariant($"{value}"), tags));
            _instruments = new Instruments(scope, maxTargets);
            var state = new OverviewState();
            state.AddTarget("a", "e", expected: true);
            state.AddTarget("b", "e", expected: true);
            state.AddServer("s", "e");
            object[] events =
            [
                new Deliveries.Connecting("a", "1", 1, "e"), new Deliveries.BackingOff("a", "1", 1, FailureKind.Refused, "r", 0, TimeSpan.Zero), new Deliveries.Delivered("a", "1", Report),
                new Deliveries.Failed("a", "2", FailureKind.ConnectionLost, "r", Report), new Deliveries.Sent("b", "1", Confirm.None, Report),
                new ServerEvents.Refused("s", RefusalKind.NotAllowed, "r", 2, "p"),
                new ClusterEvents.ClusterMeasured([
                    new("a:1", false, ClusterEvents.NodeState.Up, [], 5), new("b:1", true, ClusterEvents.NodeState.Up, [], 7), new("c:1", false, ClusterEvents.NodeState.Unreachable, [], null),
                ]),
            ];
            foreach (var happened in events)
                state.Add(happened, TimeSpan.Zero);
            _instruments.Show(state.At(TimeSpan.Zero));
            _listener.Start();
            _instruments.Record(events[^3]);
            _instruments.Record(new Ticked(1, TimeSpan.FromMilliseconds(2)));
            _listener.RecordObservableInstruments();
            Assert.True(_instruments.HasListener);
        }

        public List<Instrument> Published { get; } = [];

        public string Attributes(string name) =>
            string.Join(' ', _measured.Where(m => m.Name == name).SelectMany(m => m.Tags).Select(t => t.Split('=')[0]).Distinct().Order(StringComparer.Ordinal));

        public IEnumerable<string> Measured(string name) =>
            _measured.Where(m => m.Name == name).Select(m => $"{m.Value} {string.Join(' ', m.Tags.Order(StringComparer.Ordinal))}").Order(StringComparer.Ordinal);

        public void Dispose()
        {
            _listener.Dispose();
            _instruments.Dispose();
        }

        private void Hear(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _measured.Add((instrument.Name, value, [.. tags.ToArray().Select(t => $"{t.Key}={t.Value}")]));
    }
}
