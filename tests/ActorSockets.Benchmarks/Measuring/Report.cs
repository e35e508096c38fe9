using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>Results as Markdown on stdout and in results.md, and as JSON in results.json; written anew after each contest.</summary>
internal sealed class Report(Machine machine, string directory)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly List<Result> _results = [];
    private readonly StringBuilder _markdown = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"{machine}\n");

    public Result Add(Result result)
    {
        _results.Add(result);
        for (var metric = 0; metric < result.Metrics.Count; metric++)
            Say(Table(result, metric));
        return result;
    }

    /// <summary>A line below the last table.</summary>
    public void Note(string text) => Say(text + "\n");

    private void Say(string text)
    {
        Console.WriteLine(text);
        _markdown.AppendLine(text);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "results.md"), _markdown.ToString());
        File.WriteAllText(Path.Combine(directory, "results.json"), JsonSerializer.Serialize(new { machine, results = _results.Select(ForJson) }, Json));
    }

    private static string Table(Result result, int index)
    {
        var metric = result.Metrics[index];
        var table = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"**{result.Title}: {metric.Name}, {metric.Unit}**\n")
            .AppendLine("| | median | ours ÷ it | all |")
            .AppendLine("| --- | ---: | ---: | --- |");
        foreach (var standing in result.Standings)
        {
            var ratio = result.Ratio(standing, index) is { } number ? number.ToString("0.00", CultureInfo.InvariantCulture) : "";
            var all = string.Join(' ', Result.Values(standing, index).Select(v => v is null ? "–" : metric.Format(v)));
            var cells = standing.Rounds.All(r => r is null) ? standing.Note : standing.Note is null ? all : $"{all}; {standing.Note}";
            table.AppendLine(CultureInfo.InvariantCulture, $"| {standing.Name} | {metric.Format(Result.Median(Result.Values(standing, index)))} | {ratio} | {cells} |");
        }

        return table.ToString();
    }

    private static object ForJson(Result result) => new
    {
        result.Title,
        result.Rounds,
        metrics = result.Metrics.Select((metric, index) => new
        {
            metric.Name,
            metric.Unit,
            peers = result.Standings.Select(s => new
            {
                s.Name,
                s.Note,
                median = Result.Median(Result.Values(s, index)),
                oursDividedByIt = result.Ratio(s, index),
                values = Result.Values(s, index),
            }),
        }),
    };
}
