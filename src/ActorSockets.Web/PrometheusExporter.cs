using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using ActorSockets.Events.Overview;

namespace ActorSockets.Web;

/// <summary>
/// The instruments of one system in Prometheus' text format 0.0.4. It listens from its creation on: histograms know what came
/// afterwards, everything else its totals.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly Lock _scrape = new();
    private readonly Lock _published = new();
    private readonly List<Instrument> _instruments = [];
    private readonly Dictionary<Instrument, PrometheusHistogram> _histograms = [];
    private readonly Dictionary<Instrument, SortedDictionary<string, string>> _series = [];

    /// <param name="scope">Whose instruments.</param>
    public PrometheusExporter(object scope)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != Instruments.MeterName || instrument.Meter.Scope != scope)
                return;
            lock (_published)
            {
                _instruments.Add(instrument);
                if (instrument is Histogram<double> histogram)
                    _histograms[instrument] = new PrometheusHistogram(histogram.Advice?.HistogramBucketBoundaries ?? []);
            }

            listener.EnableMeasurementEvents(instrument);
        };
        // Those of a meter that was replaced.
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_published)
            {
                _instruments.Remove(instrument);
                _histograms.Remove(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value.ToString(CultureInfo.InvariantCulture), tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (Histogram(instrument) is { } histogram)
                histogram.Record(value, Labels(tags));
            else
                Hear(instrument, Number(value), tags);
        });
        _listener.Start();
    }

    /// <summary>All series, as they are now.</summary>
    public byte[] Write()
    {
        lock (_scrape)
        {
            _series.Clear();
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var instrument in Published())
                Write(instrument, text);
            return Encoding.UTF8.GetBytes(text.ToString());
        }
    }

    /// <summary>The name of an instrument's series, by Prometheus' conventions.</summary>
    internal static string Name(Instrument instrument)
    {
        var unit = instrument.Unit switch
        {
            "By" => "_bytes",
            "s" => "_seconds",
            _ => "",
        };
        return $"{instrument.Name.Replace('.', '_')}{unit}{(Type(instrument) == "counter" ? "_total" : "")}";
    }

    internal static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public void Dispose() => _listener.Dispose();

    private void Write(Instrument instrument, StringBuilder text)
    {
        var (name, histogram) = (Name(instrument), Histogram(instrument));
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {Type(instrument)}\n");
        histogram?.Write(name, text);
        foreach (var (labels, value) in _series.GetValueOrDefault(instrument, []))
            text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length == 0 ? "" : $"{{{labels}}}")} {value}\n");
    }

    // Only Write makes the listener call this, on its own thread.
    private void Hear(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_series.TryGetValue(instrument, out var series))
            _series[instrument] = series = new SortedDictionary<string, string>(StringComparer.Ordinal);
        series[Labels(tags)] = value;
    }

    private Instrument[] Published()
    {
        lock (_published)
            return [.. _instruments];
    }

    private PrometheusHistogram? Histogram(Instrument instrument)
    {
        lock (_published)
            return _histograms.GetValueOrDefault(instrument);
    }

    private static string Type(Instrument instrument) => instrument switch
    {
        ObservableCounter<long> or ObservableCounter<double> => "counter",
        Histogram<double> => "histogram",
        _ => "gauge",
    };

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder();
        foreach (var (name, value) in tags)
            labels.Append(CultureInfo.InvariantCulture, $"{(labels.Length > 0 ? "," : "")}{name.Replace('.', '_')}=\"{Escaped($"{value}")}\"");
        return labels.ToString();
    }

    private static string Escaped(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
