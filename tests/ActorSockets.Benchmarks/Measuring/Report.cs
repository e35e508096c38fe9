using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorSockets.Benchmarks.Measuring;

/// <summary>Results as Markdown on stdout and in COMMAND.md, and as JSON in COMMAND.json; written anew after each contest.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly Machine _machine;
    private readonly DateTime _startedAt = DateTime.UtcNow;
    private readonly string _command;
    private readonly string _path;
    private readonly List<Result> _results = [];
    private readonly List<string> _notes = [];
    private readonly StringBuilder _markdown = new();

    /// <exception cref="IOException">Nothing can be written there; or an <see cref="UnauthorizedAccessException"/>.</exception>
    public Report(Machine machine, string directory, string name, string command)
    {
        _machine = machine;
        _command = command;
        _path = Path.Combine(Directory.CreateDirectory(directory).FullName, name);
        Say(string.Create(CultureInfo.InvariantCulture, $"`{command}`, {_startedAt:yyyy-MM-dd HH:mm} UTC: {machine}\n"));
    }

    /// <summary>Whether ours has no number where it should.</summary>
    public bool HasFailed => _results.Any(r => r.Median(Contest.Ours, 0) is null);

    public Result Add(Result result)
    {
        _results.Add(result);
        for (var metric = 0; metric < result.Metrics.Count; metric++)
            Say(Table(result, metric));
        if (result.Goals.Count > 0)
            Say(string.Join('\n', result.Goals.Select(g => g.Verdict(result))) + "\n");
        return result;
    }

    /// <summary>A line below the last table.</summary>
    public void Note(string text)
    {
        _notes.Add(text);
        Say(text + "\n");
    }

    private void Say(string text)
    {
        Console.WriteLine(text);
        _markdown.AppendLine(text);
        File.WriteAllText(_path + ".md", _markdown.ToString());
        File.WriteAllText(_path + ".json", JsonSerializer.Serialize(
            new { startedAt = _startedAt, command = _command, machine = _machine, results = _results.Select(ForJson), notes = _notes }, Json));
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
        goals = result.Goals.Select(g => new { g.Text, value = g.Measure(result), g.Limit, g.AtMost, reached = g.IsReached(result) }),
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
