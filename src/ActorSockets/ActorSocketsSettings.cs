using System.Reflection;
using System.Text.RegularExpressions;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events.Overview;
using ActorSockets.Servers;
using ActorSockets.Ticker;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace ActorSockets;

/// <summary>All settings, read and checked once. <c>reference.conf</c> documents each.</summary>
/// <param name="Servers">Endpoints to listen on.</param>
/// <param name="Targets">Endpoints to send to.</param>
/// <param name="Ticker">The ticker.</param>
/// <param name="MaxConnecting">Connections that all targets together may be opening at a time.</param>
/// <param name="DrainTimeout">How long what is under way may go on after a stop.</param>
/// <param name="CutOffTimeout">How long ending the rest may take after that.</param>
/// <param name="Certificates">Reload and expiry of certificates.</param>
public sealed partial record ActorSocketsSettings(
    IReadOnlyList<ServerSettings> Servers,
    IReadOnlyList<TargetSettings> Targets,
    TickerSettings Ticker,
    int MaxConnecting,
    TimeSpan DrainTimeout,
    TimeSpan CutOffTimeout,
    CertificateSettings Certificates)
{
    /// <summary>The section that these settings live in.</summary>
    public const string Root = SettingsSection.Root;

    private static readonly Dictionary<string, string> Entries = new() { ["servers"] = "server-defaults", ["targets"] = "target-defaults" };

    // Former settings: their path in reference.conf, and the error, which says what to write instead.
    private static readonly Dictionary<string, string> Retired = new()
    {
        ["target-defaults.retry-interval"] = "no longer exists: what the kernel does not take is offered again as soon as it has room",
        ["target-defaults.send-frame"] = "no longer exists: chunk.max limits the size of a write",
    };

    private static readonly KnownKeys Known = new(Entries, new HashSet<string> { "payload", "dispatcher", "ticker-dispatcher" }, Retired);

    /// <summary>What is suspicious and not wrong, such as two servers that may turn out to share an address.</summary>
    public IReadOnlyList<SettingError> Warnings { get; init; } = [];

    /// <summary>The instruments.</summary>
    public required MetricsSettings Metrics { get; init; }

    /// <summary>The web server, which is a package of its own.</summary>
    public required WebSettings Web { get; init; }

    /// <summary>An overview of these servers and targets; a target with a payload expects a delivery.</summary>
    internal OverviewState CreateOverview()
    {
        var overview = new OverviewState();
        foreach (var target in Targets)
            overview.AddTarget(target.Name, target.Endpoint, target.Payload is not null);
        foreach (var server in Servers)
            overview.AddServer(server.Name, server.Endpoint);
        return overview;
    }

    /// <summary>The embedded <c>reference.conf</c>: every default, and the dispatcher that the actors should run on.</summary>
    public static Config Reference { get; } = ReferenceOf(typeof(ActorSocketsSettings).Assembly);

    /// <summary>Reads <c>actor-sockets { }</c>, with <c>reference.conf</c> below it.</summary>
    /// <exception cref="SettingsException">Something is wrong; lists all of it.</exception>
    public static ActorSocketsSettings From(Config config) => From(config, Reference, null);

    /// <summary>As above, for a program that has settings of its own in the section.</summary>
    /// <param name="config">What the user wrote.</param>
    /// <param name="reference">The defaults: those of the library and of the program.</param>
    /// <param name="readMore">Reads the program's settings, whose errors are reported with the others.</param>
    internal static ActorSocketsSettings From(Config config, Config reference, Action<SettingsSection, ActorSocketsSettings>? readMore)
    {
        var errors = new List<SettingError>();
        if (config.HasPath(Root) && !config.GetValue(Root).IsObject())
            throw new SettingsException(Root, "must be a section: actor-sockets { … }");

        // Akka refuses a configuration as its own fallback, and an empty one with a fallback is that fallback.
        var written = (ReferenceEquals(config, reference) || config.IsEmpty ? reference : config.WithFallback(reference)).GetValue(Root).GetObject();
        var defaults = reference.GetValue(Root).GetObject();
        Known.Check(Root, written, defaults, errors);
        // A section of the wrong type is an error already; the defaults stand in for it.
        var section = new SettingsSection(errors, (Root, written), (Root, defaults));
        var settings = new ActorSocketsSettings(
            ReadEntries(section, "servers", ServerSettings.From),
            ReadEntries(section, "targets", TargetSettings.From),
            TickerSettings.From(section.Merged("ticker")),
            section.Int("max-connecting", 1, 100_000),
            section.Merged("shutdown").Duration("drain-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            section.Merged("shutdown").Duration("cut-off-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            CertificateSettings.From(section.Merged("tls")))
        {
            Metrics = MetricsSettings.From(section.Merged("metrics")),
            Web = WebSettings.From(section.Merged("web")),
        };
        var warnings = new List<SettingError>();
        SharedPorts.Check(settings.Servers, errors, warnings);
        readMore?.Invoke(section, settings);
        // An error in the defaults is found once for each entry that uses them.
        return errors.Count == 0 ? settings with { Warnings = warnings } : throw new SettingsException([.. errors.Distinct()]);

        List<T> ReadEntries<T>(SettingsSection root, string kind, Func<string, SettingsSection, T> read)
        {
            var result = new List<T>();
            foreach (var (name, value) in Section(kind, written).Items.Where(entry => entry.Value.IsObject()))
            {
                var path = $"{Root}.{kind}.{name}";
                if (!EntryName().IsMatch(name))
                    errors.Add(new SettingError(path, "is not a valid name: up to 64 letters, digits, '-', '_' and '.', the first a letter or digit"));
                var shared = $"{Root}.{Entries[kind]}";
                result.Add(read(name, new SettingsSection(errors, (path, value.GetObject()),
                    (shared, Section(Entries[kind], written)), (shared, Section(Entries[kind], defaults)))));
            }

            return result;
        }

        static HoconObject Section(string key, HoconObject inside) => inside.Items[key].IsObject() ? inside.Items[key].GetObject() : new HoconObject();
    }

    /// <summary>The <c>reference.conf</c> that is embedded in an assembly.</summary>
    internal static Config ReferenceOf(Assembly assembly)
    {
        using var stream = assembly.GetManifestResourceStream("reference.conf")!;
        using var reader = new StreamReader(stream);
        return HoconText.Parse(reader.ReadToEnd(), "reference.conf");
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    private static partial Regex EntryName();
}
