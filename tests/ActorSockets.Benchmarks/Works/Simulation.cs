using System.Globalization;
using Akka.Util;

namespace ActorSockets.Benchmarks.Works;

/// <summary>
/// Lines and placement of a cluster in steps of time: targets in shards by their names, as ActorSockets.Cluster places them, shards on
/// nodes, one database. In each step a node and the database do as much as their cores can. In the middle a node dies, and its shards stand still until the others take them.
/// </summary>
internal static class Simulation
{
    private const int Shards = 100;
    private const double Step = 0.1;

    // The longest that was measured.
    private const double FailOverSeconds = 13;
    private const double Day = 24 * 60 * 60;
    private const double PeakOverMean = 3;

    // Above it, lines grow whenever load does.
    private const double MostBusy = 0.7;

    /// <summary>CPU time of a delivery.</summary>
    /// <param name="Node">Of the node that takes it and the one that sends it.</param>
    /// <param name="Database">Of the database.</param>
    /// <param name="Others">Of clients and receivers.</param>
    internal sealed record Costs(double Node, double Database, double Others);

    /// <param name="Busiest">The part of its cores that the busiest node uses, before one dies.</param>
    /// <param name="Mean">The same of all nodes.</param>
    /// <param name="LongestWait">Of a delivery in its line, in seconds.</param>
    /// <param name="Seconds">Until nothing waited any more.</param>
    private sealed record Outcome(double Busiest, double Mean, double LongestWait, double Seconds);

    /// <summary>Deliveries a second, when everything shares the cores of one machine.</summary>
    public static double OnOneMachine(int cores, Costs costs)
    {
        const int Deliveries = 50_000;
        var weights = WeightsOf(targets: 12, skew: 0);
        // One pool: as if one node did everything.
        var all = new Costs(costs.Node + costs.Database + costs.Others, 0, 0);
        return Deliveries / Run(weights, nodes: 1, cores, databaseCores: double.PositiveInfinity, all, atOnce: Deliveries, perSecond: 0, dies: false).Seconds;
    }

    /// <summary>What serves a million targets and a terabyte a day, by the size of payloads.</summary>
    public static IEnumerable<string> Report(Costs costs)
    {
        const int Targets = 1_000_000;
        const double Bytes = 1e12;
        var weights = WeightsOf(Targets, skew: 1);
        foreach (var size in (int[])[1 << 10, 10 << 10, 100 << 10, 1 << 20])
        {
            var perSecond = PeakOverMean * Bytes / size / Day;
            var databaseCores = perSecond * costs.Database / MostBusy;
            for (var nodes = 2; nodes <= Shards; nodes++)
            {
                const double CoresOfNode = 4;
                var outcome = Run(weights, nodes, CoresOfNode, databaseCores, costs, atOnce: 0, perSecond, dies: true);
                if (outcome.Busiest * nodes / (nodes - 1) > MostBusy && nodes < Shards)
                    continue;
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"- simulated, {Targets:N0} targets, 1 TB a day in payloads of {size >> 10} KiB, {perSecond:0} deliveries a second at the peak: {nodes} nodes of {CoresOfNode} cores, the busiest at {outcome.Busiest:0.00} and all at {outcome.Mean:0.00}; a database with {databaseCores:0.0} cores; after a node dies, deliveries wait up to {outcome.LongestWait:0} s");
                break;
            }
        }
    }

    /// <summary>The part of all deliveries that each shard has: of targets by Zipf's law with this exponent; 0: all the same.</summary>
    private static double[] WeightsOf(int targets, double skew)
    {
        var weights = new double[Shards];
        for (var target = 0; target < targets; target++)
            weights[Math.Abs(MurmurHash.StringHash($"t{target}")) % Shards] += Math.Pow(target + 1, -skew);
        var sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static Outcome Run(double[] weights, int nodes, double coresOfNode, double databaseCores, Costs costs, double atOnce, double perSecond, bool dies)
    {
        const double Duration = 120;
        var waiting = weights.Select(weight => weight * atOnce).ToArray();
        var placed = Enumerable.Range(0, Shards).Select(shard => shard % nodes).ToArray();
        var busy = new double[nodes];
        var longest = 0.0;
        var (time, steps) = (0.0, 0);
        for (; perSecond == 0 || time < Duration; time += Step)
        {
            if (dies && placed[0] == 0 && time >= Duration / 2 + FailOverSeconds)
                placed = [.. placed.Select((node, shard) => node == 0 ? 1 + shard / nodes % (nodes - 1) : node)];
            var isDead = dies && time >= Duration / 2 && time < Duration / 2 + FailOverSeconds;
            for (var shard = 0; shard < Shards; shard++)
                waiting[shard] += weights[shard] * perSecond * Step;
            var wanted = new double[nodes];
            for (var shard = 0; shard < Shards; shard++)
                wanted[placed[shard]] += isDead && placed[shard] == 0 ? 0 : waiting[shard];
            var served = wanted.Select(want => Math.Min(want, coresOfNode * Step / costs.Node)).ToArray();
            var ofDatabase = Math.Min(1, databaseCores * Step / Math.Max(double.Epsilon, served.Sum() * costs.Database));
            for (var shard = 0; shard < Shards; shard++)
            {
                var node = placed[shard];
                if (wanted[node] > 0 && !(isDead && node == 0))
                    waiting[shard] -= waiting[shard] * served[node] / wanted[node] * ofDatabase;
                if (perSecond > 0)
                    longest = Math.Max(longest, waiting[shard] / (weights[shard] * perSecond));
            }

            if (perSecond == 0 && waiting.Sum() <= 1)
                break;
            if (time >= Duration / 2)
                continue;
            steps++;
            for (var node = 0; node < nodes; node++)
                busy[node] += served[node] * ofDatabase * costs.Node / (coresOfNode * Step);
        }

        return new Outcome(busy.Max() / Math.Max(1, steps), busy.Average() / Math.Max(1, steps), longest, time + Step);
    }
}
