using System.Globalization;
using System.Text.Json;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// A snapshot of a run, drawn as a table: a row for each server, a row for each target, the last tick. With more targets than
/// rows: one row for all targets, and one for each that is in trouble.
/// </summary>
internal sealed record LiveTable(Snapshot Overview, int MaxRows)
{
    // Columns: name, bar, percent, bytes, rate, state. Bar and state share what the others leave. A terminal that is too narrow
    // for all of them loses the bar first, then bytes and rate. 80 columns have room for all but the bar.
    private const int WidestName = 24, WidestBar = 20, PercentWidth = 5, SizeWidth = 10, RateWidth = 12, Gap = 1;
    private const int StateBesideBar = 32, NarrowestState = 16;

    // Once for each thread that renders: examining the environment takes longer than drawing a table.
    private static readonly ThreadLocal<IAnsiConsole> Renderer = new(() => CreateRenderer(AnsiSupport.Yes));

    private static IAnsiConsole CreateRenderer(AnsiSupport ansi) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = ansi,
        ColorSystem = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(TextWriter.Null),
    });

    /// <summary>At most <paramref name="height"/> lines of at most <paramref name="width"/> columns; none where no row fits.</summary>
    public IReadOnlyList<string> Render(int width, int height) =>
        height < 1 || width < Terminal.NarrowestTable ? [] : Render(Renderer.Value!, width, height);

    /// <summary>As above, without colours, for a file or a pipe.</summary>
    public IReadOnlyList<string> RenderPlain(int width, int height) => Render(CreateRenderer(AnsiSupport.No), width, height);

    private string[] Render(IAnsiConsole console, int width, int height)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        console.Profile.Out = new AnsiConsoleOutput(text);
        (console.Profile.Width, console.Profile.Height) = (width, height);
        console.Write(Table(width, height));
        var lines = text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        return lines.Length <= height ? lines : lines[..height];
    }

    private Table Table(int width, int height)
    {
        // Servers first; then the targets that there is room for; the ticker last.
        var room = Math.Max(3, height - (Overview.Ticker is null ? 0 : 1) - (Overview.Outbox is null ? 0 : 1) - (Overview.Cluster is null ? 0 : 1));
        List<Row> rows = [.. Overview.Servers.Take(room / 2).Select(Of)];
        rows.AddRange(Overview.Targets.Count <= Math.Min(MaxRows, room - rows.Count) ? Overview.Targets.Select(Of) : AllAndTrouble(room - rows.Count));
        if (Overview.Outbox is { } outbox)
            rows.Add(new Row("outbox", 0, 0, Sizes.Format(outbox.Bytes), 0, Said(outbox), outbox.Full is null ? Color.Default : Color.Red));
        if (Overview.Cluster is { } cluster)
            rows.Add(new Row("cluster", 0, 0, "", 0, Said(cluster), cluster.Nodes.Any(n => n.State == ClusterEvents.NodeState.Unreachable) ? Color.Yellow : Color.Default));
        if (Overview.Ticker is { } tick)
            rows.Add(new Row("ticker", 0, 0, "", 0, $"{tick.Number}, late by {Durations.Format(tick.Lateness)}, at most {Durations.Format(tick.Latest)}", Color.Default));

        var name = rows.Count == 0 ? 0 : Math.Min(WidestName, rows.Max(r => r.Name.Length));
        var rest = width - (name + Gap) - (PercentWidth + Gap) - Gap;
        var figures = rest - (SizeWidth + Gap) - (RateWidth + Gap) >= NarrowestState;
        rest -= figures ? SizeWidth + Gap + RateWidth + Gap : 0;
        var bar = Math.Clamp(rest - Gap - StateBesideBar, 0, WidestBar);
        var state = Math.Max(1, rest - (bar > 0 ? bar + Gap : 0));
        int[] widths = [name, bar, PercentWidth, figures ? SizeWidth : 0, figures ? RateWidth : 0, state];

        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        foreach (var column in widths.Where(w => w > 0))
            table.AddColumn(new TableColumn("") { Width = column, Padding = new Padding(0, 0, Gap, 0), NoWrap = true });
        foreach (var row in rows)
        {
            IRenderable[] cells =
            [
                Cell(row.Name, name), Bar(row, bar), Cell(Percent(row.Taken, row.Length).PadLeft(PercentWidth), PercentWidth),
                Cell(row.Size.PadLeft(SizeWidth), SizeWidth), Cell(Rate(row.Rate).PadLeft(RateWidth), RateWidth), Cell(row.State, state, row.Colour),
            ];
            table.AddRow(cells.Where((_, column) => widths[column] > 0));
        }

        return table;
    }

    private IEnumerable<Row> AllAndTrouble(int room)
    {
        var (taken, length, rate) = (Overview.Targets.Sum(t => t.Taken), Overview.Targets.Sum(t => t.Length), Overview.Targets.Sum(t => t.Rate));
        var phases = Overview.Targets.GroupBy(t => t.Phase).OrderBy(g => g.Key).Select(g => $"{g.Count()} {Word(g.Key)}");
        yield return new Row($"{Overview.Targets.Count} targets", taken, length, Sizes.Format(taken), rate, $"{string.Join(", ", phases)}{Eta(taken, length, rate)}", Color.Default);

        var trouble = Overview.Targets.Where(t => t.InTrouble).ToArray();
        var shown = Math.Min(Math.Min(MaxRows, Math.Max(0, room - 2)), trouble.Length);
        foreach (var target in trouble.Take(shown))
            yield return Of(target);
        if (trouble.Length > shown)
            yield return new Row("", 0, 0, "", 0, $"and {trouble.Length - shown} more in trouble", Color.Yellow);
    }

    private static Row Of(ServerSnapshot server) =>
        new(server.Name, 0, 0, Sizes.Format(server.Bytes), server.Rate, $"{server.Endpoint}, {server.Open} open, {server.Accepted} in all", Color.Default);

    private static Row Of(TargetSnapshot target)
    {
        var since = Durations.Format(target.Since);
        var state = target.Phase switch
        {
            Phase.Sending => $"sending{Eta(target.Taken, target.Length, target.Rate)}",
            Phase.Blocked or Phase.Confirming => $"{Word(target.Phase)} {since}",
            Phase.BackingOff => $"backing off {since}: {target.Reason}",
            Phase.Delivered or Phase.Sent => $"{Word(target.Phase)} in {since}",
            _ => target.Reason.Length == 0 ? Word(target.Phase) : $"{Word(target.Phase)}: {target.Reason}",
        };
        var colour = target.Phase switch
        {
            Phase.Delivered or Phase.Sent => Color.Green,
            Phase.Blocked or Phase.BackingOff => Color.Yellow,
            Phase.Unconfirmed or Phase.Failed or Phase.Rejected => Color.Red,
            _ => Color.Default,
        };
        return new Row(target.Name, target.Taken, target.Length, Sizes.Format(target.Taken), target.Rate, state, colour);
    }

    private static Text Cell(string text, int width, Color? colour = null) =>
        new(text.Length <= width ? text : text[..Math.Max(0, width - 1)] + "…", new Style(colour ?? Color.Default));

    private static Paragraph Bar(Row row, int width)
    {
        var full = row.Length == 0 ? 0 : (int)(width * (double)Math.Min(row.Taken, row.Length) / row.Length);
        return new Paragraph(new string('━', full), new Style(row.Colour == Color.Default ? Color.Blue : row.Colour))
            .Append(new string('─', row.Length == 0 ? 0 : width - full), new Style(decoration: Decoration.Dim));
    }

    private static string Word(Phase phase) => phase == Phase.BackingOff ? "backing off" : phase.ToString().ToLowerInvariant();

    private static string Percent(long taken, long length) =>
        length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(100.0 * taken / length):0} %");

    private static string Rate(double rate) => rate < 1 ? "" : $"{Sizes.Format((long)rate)}/s";

    private static string Eta(long taken, long length, double rate)
    {
        var seconds = rate < 1 ? 0 : Math.Ceiling((length - taken) / rate);
        return seconds is > 0 and < 86400 * 30 ? $", {Durations.Format(TimeSpan.FromSeconds(seconds))} left" : "";
    }

    private sealed record Row(string Name, long Taken, long Length, string Size, double Rate, string State, Color Colour);

    private static string Said(ClusterEvents.ClusterMeasured cluster)
    {
        var states = cluster.Nodes.CountBy(n => n.State).OrderBy(c => c.Key).Select(c => $"{c.Value} {JsonNamingPolicy.KebabCaseLower.ConvertName(c.Key.ToString())}");
        return $"nodes: {(cluster.Nodes.Count == 0 ? "not joined yet" : string.Join(", ", states))}{(cluster.Nodes.FirstOrDefault(n => n.IsSelf)?.Targets is { } here ? $"; {here} target{(here == 1 ? "" : "s")} here" : "")}";
    }

    private static string Said(OutboxSnapshot outbox) =>
        $"{(outbox.Full is null ? "" : "FULL, ")}{outbox.Waiting} waiting{(outbox.Waiting == 0 ? "" : $", oldest {Durations.Format(outbox.Oldest)}")}{(outbox.SetAside == 0 ? "" : $", {outbox.SetAside} set aside")}";
}
