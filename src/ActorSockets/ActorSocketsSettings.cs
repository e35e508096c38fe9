using System.Text.RegularExpressions;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace ActorSockets;

/// <summary>All settings, read and checked once. <c>reference.conf</c> tells what each is for.</summary>
/// <param name="Servers">Endpoints to listen on.</param>
/// <param name="Targets">Endpoints to send to.</param>
/// <param name="Ticker">The ticker.</param>
/// <param name="MaxConnecting">Connections that all targets together may be opening at a time.</param>
/// <param name="DrainTimeout">How long what is under way may go on after a stop.</param>
/// <param name="CutOffTimeout">How long ending the rest may take after that.</param>
/// <param name="DrainReportInterval">How often it is said meanwhile what is being waited for.</param>
/// <param name="Report">What the program says of a run.</param>
/// <param name="ExitWhenDelivered">Whether a run ends by itself when every delivery has its outcome.</param>
public sealed partial record ActorSocketsSettings(
    IReadOnlyList<ServerSettings> Servers,
    IReadOnlyList<TargetSettings> Targets,
    TickerSettings Ticker,
    int MaxConnecting,
    TimeSpan DrainTimeout,
    TimeSpan CutOffTimeout,
    TimeSpan DrainReportInterval,
    ReportSettings Report,
    bool ExitWhenDelivered)
{
    /// <summary>The section that these settings live in.</summary>
    public const string Root = "actor-sockets";

    private static readonly Dictionary<string, string> Entries = new() { ["servers"] = "server-defaults", ["targets"] = "target-defaults" };

    private static readonly HashSet<string> CheckTheirOwnKeys = ["payload", "dispatcher", "ticker-dispatcher"];

    /// <summary>The embedded <c>reference.conf</c>: every default, and the dispatcher that the actors should run on.</summary>
    public static Config Reference { get; } = ReadReference();

    /// <summary>Reads <c>actor-sockets { }</c>, with <c>reference.conf</c> below it.</summary>
    /// <exception cref="SettingsException">Something is wrong; lists all of it.</exception>
    public static ActorSocketsSettings From(Config config)
    {
        var errors = new List<SettingError>();
        if (config.HasPath(Root) && !config.GetValue(Root).IsObject())
            throw new SettingsException(Root, "needs a section: actor-sockets { … }");

        // Akka refuses a configuration as its own fallback, and an empty one with a fallback is that fallback.
        var written = (ReferenceEquals(config, Reference) || config.IsEmpty ? Reference : config.WithFallback(Reference)).GetValue(Root).GetObject();
        KnownKeys.Check(Root, written, Reference.GetValue(Root).GetObject(), Entries, CheckTheirOwnKeys, errors);
        // Where a section has the wrong type, which is said above, the defaults are read in its place.
        var reference = Reference.GetValue(Root).GetObject();
        var section = new SettingsSection(errors, (Root, written), (Root, reference));
        var settings = new ActorSocketsSettings(
            ReadEntries(section, "servers", ServerSettings.From),
            ReadEntries(section, "targets", TargetSettings.From),
            TickerSettings.From(section.Merged("ticker")),
            section.Int("max-connecting", 1, 100_000),
            section.Merged("shutdown").Duration("drain-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            section.Merged("shutdown").Duration("cut-off-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            section.Merged("shutdown").Duration("report-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            ReportSettings.From(section.Merged("report")),
            section.Switch("exit-when-delivered"));
        foreach (var (first, second) in from s in settings.Servers where s.Port > 0 group s by s.Endpoint into same from s in same.Skip(1) select (same.First(), s))
            errors.Add(new SettingError($"{Root}.servers.{second.Name}.port", $"{second.Endpoint} is the address of {Root}.servers.{first.Name} already"));
        if (settings.ExitWhenDelivered && settings.Targets.All(t => t.Payload is null) && errors.Count == 0)
            section.Reject("exit-when-delivered", "is on, and no target has a payload to deliver");
        // What is wrong in the defaults is found once for each entry that uses them.
        return errors.Count == 0 ? settings : throw new SettingsException([.. errors.Distinct()]);

        List<T> ReadEntries<T>(SettingsSection root, string kind, Func<string, SettingsSection, T> read)
        {
            var result = new List<T>();
            foreach (var (name, value) in Section(kind, written).Items.Where(entry => entry.Value.IsObject()))
            {
                var path = $"{Root}.{kind}.{name}";
                if (!EntryName().IsMatch(name))
                    errors.Add(new SettingError(path, "a name has letters, digits, '-', '_' and '.', 64 at most, and starts with a letter or digit"));
                var defaults = $"{Root}.{Entries[kind]}";
                result.Add(read(name, new SettingsSection(errors, (path, value.GetObject()),
                    (defaults, Section(Entries[kind], written)), (defaults, Section(Entries[kind], reference)))));
            }

            return result;
        }

        static HoconObject Section(string key, HoconObject inside) => inside.Items[key].IsObject() ? inside.Items[key].GetObject() : new HoconObject();
    }

    private static Config ReadReference()
    {
        using var stream = typeof(ActorSocketsSettings).Assembly.GetManifestResourceStream("reference.conf")!;
        using var reader = new StreamReader(stream);
        return HoconText.Parse(reader.ReadToEnd(), "reference.conf");
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    private static partial Regex EntryName();
}
