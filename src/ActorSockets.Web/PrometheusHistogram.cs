using System.Globalization;
using System.Text;

namespace ActorSockets.Web;

/// <summary>Counts of values by bucket, for each set of labels.</summary>
internal sealed class PrometheusHistogram(IReadOnlyList<double> boundaries)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (long[] Counts, double Sum)> _series = new(StringComparer.Ordinal);

    public void Record(double value, string labels)
    {
        // The first boundary that is not less; the last bucket has none.
        var bucket = 0;
        while (bucket < boundaries.Count && value > boundaries[bucket])
            bucket++;
        lock (_lock)
        {
            var (counts, sum) = _series.TryGetValue(labels, out var series) ? series : (new long[boundaries.Count + 1], 0);
            counts[bucket]++;
            _series[labels] = (counts, sum + value);
        }
    }

    public void Write(string name, StringBuilder text)
    {
        lock (_lock)
        {
            foreach (var (labels, (counts, sum)) in _series)
            {
                var (before, braced) = labels.Length == 0 ? ("", "") : ($"{labels},", $"{{{labels}}}");
                var total = 0L;
                for (var bucket = 0; bucket < counts.Length; bucket++)
                {
                    total += counts[bucket];
                    var boundary = bucket < boundaries.Count ? PrometheusExporter.Number(boundaries[bucket]) : "+Inf";
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"{boundary}\"}} {total}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braced} {PrometheusExporter.Number(sum)}\n{name}_count{braced} {total}\n");
            }
        }
    }
}
