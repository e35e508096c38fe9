using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events.Overview;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
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

    private Func<(string Name, string Host, int Port), ServerSettings> _newServer = null!;
    private Func<(string Name, string Host, int Port), TargetSettings> _newTarget = null!;

    /// <summary>What is suspicious and not wrong, such as two servers that may turn out to share an address.</summary>
    public IReadOnlyList<SettingError> Warnings { get; init; } = [];

    /// <summary>The instruments.</summary>
    public required MetricsSettings Metrics { get; init; }

    /// <summary>The outbox; null: nothing is durable, and neither its directory nor its connection is set.</summary>
    public OutboxSettings? Outbox { get; init; }

    /// <summary>Where streams are copied while they are sent.</summary>
    public required SpoolSettings Spool { get; init; }

    /// <summary>The web server, which is a package of its own.</summary>
    public required WebSettings Web { get; init; }

    /// <summary>This process as a node of a cluster, which is a package of its own.</summary>
    public required ClusterSettings Cluster { get; init; }

    /// <summary>How much of <see cref="DrainTimeout"/> is for what is under way: all, or three quarters for a node, which then leaves its cluster.</summary>
    public TimeSpan DrainTime => Cluster.Enabled ? 0.75 * DrainTimeout : DrainTimeout;

    /// <summary>
    /// A target with the settings of <c>target-defaults</c>, for <see cref="ActorSocketsExtension.AddTargetAsync"/>; <c>with</c> changes it.
    /// </summary>
    /// <param name="name">Up to 64 letters, digits, '-', '_' and '.'.</param>
    /// <param name="host">An IP address or a name.</param>
    /// <param name="port">1 to 65535.</param>
    /// <exception cref="SettingsException">One of them is none, or target-defaults is wrong.</exception>
    public TargetSettings NewTarget(string name, string host, int port) => _newTarget((name, host, port));

    /// <summary>
    /// A server with the settings of <c>server-defaults</c>, for <see cref="ActorSocketsExtension.AddServerAsync"/>; <c>with</c> changes it.
    /// </summary>
    /// <param name="name">Up to 64 letters, digits, '-', '_' and '.'.</param>
    /// <param name="host">An IP address or a name to bind.</param>
    /// <param name="port">0 to 65535; 0 takes any free port.</param>
    /// <exception cref="SettingsException">One of them is none, or server-defaults is wrong.</exception>
    public ServerSettings NewServer(string name, string host, int port) => _newServer((name, host, port));

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
    /// <param name="config">What the user wrote.</param>
    /// <param name="options">Sinks and payloads that the configuration may name beside the library's.</param>
    public static ActorSocketsSettings From(Config config, ActorSocketsOptions? options = null) => From(config, Reference, null, options);

    /// <summary>As above, for a program that has settings of its own in the section.</summary>
    /// <param name="config">What the user wrote.</param>
    /// <param name="reference">The defaults: those of the library and of the program.</param>
    /// <param name="readMore">Reads the program's settings, whose errors are reported with the others.</param>
    /// <param name="options">The program's own sinks and payloads.</param>
    internal static ActorSocketsSettings From(
        Config config, Config reference, Action<SettingsSection, ActorSocketsSettings>? readMore, ActorSocketsOptions? options = null)
    {
        options ??= new ActorSocketsOptions();
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
            ReadEntries("servers", NewServer),
            ReadEntries("targets", NewTarget),
            TickerSettings.From(section.Merged("ticker")),
            section.Int("max-connecting", 1, 100_000),
            section.Merged("shutdown").Duration("drain-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            section.Merged("shutdown").Duration("cut-off-timeout", TimeSpan.Zero, TimeSpan.FromHours(1)),
            CertificateSettings.From(section.Merged("tls")))
        {
            Metrics = MetricsSettings.From(section.Merged("metrics")),
            Spool = SpoolSettings.From(section.Merged("spool")),
            Web = WebSettings.From(section.Merged("web")),
            Cluster = ClusterSettings.From(section.Merged("cluster")),
            _newServer = entry => Read("servers", entry, NewServer),
            _newTarget = entry => Read("targets", entry, NewTarget),
        };
        var warnings = new List<SettingError>();
        SharedPorts.Check(settings.Servers, errors, warnings);
        SharedInboxes.Check(settings.Servers, errors);
        RelayTargets.Check(settings.Servers, [.. settings.Targets.Select(target => target.Name)], errors);
        settings = settings with { Targets = [.. settings.Targets.Select(DurableIfRelayed)] };
        settings = settings with { Outbox = OutboxOf(section.Merged("outbox"), settings) };
        readMore?.Invoke(section, settings);
        // An error in the defaults is found once for each entry that uses them.
        return errors.Count == 0 ? settings with { Warnings = warnings } : throw new SettingsException([.. errors.Distinct()]);

        // A target has one line: what a relay hands on to it waits there with all the rest.
        TargetSettings DurableIfRelayed(TargetSettings target) => target with { Durable = target.Durable || settings.Servers.Any(server => server.RelayTo.Contains(target.Name)) };

        ServerSettings NewServer(string name, SettingsSection entry) => ServerSettings.From(name, entry, options.Sinks.Keys);
        TargetSettings NewTarget(string name, SettingsSection entry) => TargetSettings.From(name, entry, options.Payloads);

        List<T> ReadEntries<T>(string kind, Func<string, SettingsSection, T> read) =>
            [.. Section(kind, written).Items.Where(entry => entry.Value.IsObject()).Select(entry => ReadEntry(kind, entry.Key, entry.Value.GetObject(), errors, read))];

        T ReadEntry<T>(string kind, string name, HoconObject values, List<SettingError> found, Func<string, SettingsSection, T> read)
        {
            var (path, shared) = ($"{Root}.{kind}.{name}", $"{Root}.{Entries[kind]}");
            if (!EntryName().IsMatch(name))
                found.Add(new SettingError(path, "is not a valid name: up to 64 letters, digits, '-', '_' and '.', the first a letter or digit"));
            return read(name, new SettingsSection(found, (path, values), (shared, Section(Entries[kind], written)), (shared, Section(Entries[kind], defaults))));
        }

        T Read<T>(string kind, (string Name, string Host, int Port) entry, Func<string, SettingsSection, T> read)
        {
            var found = new List<SettingError>();
            var values = new HoconObject();
            values.GetOrCreateKey("host").AppendValue(new HoconLiteral { Value = entry.Host });
            values.GetOrCreateKey("port").AppendValue(new HoconLiteral { Value = entry.Port.ToString(CultureInfo.InvariantCulture) });
            var result = ReadEntry(kind, entry.Name, values, found, read);
            return found.Count == 0 ? result : throw new SettingsException([.. found]);
        }

        static HoconObject Section(string key, HoconObject inside) => inside.Items[key].IsObject() ? inside.Items[key].GetObject() : new HoconObject();
    }

    /// <summary>The outbox, if anything needs it or its place is set: targets and relays may be added later.</summary>
    private static OutboxSettings? OutboxOf(SettingsSection section, ActorSocketsSettings settings)
    {
        var user = settings.Servers.FirstOrDefault(server => server.Sink == "relay") is { } relay ? $"servers.{relay.Name} has sink = relay"
            : settings.Targets.FirstOrDefault(target => target.Durable) is { } durable ? $"targets.{durable.Name} has durable = on" : null;
        if (!settings.Cluster.Enabled)
            return OutboxSettings.From(section, user);
        if (section.Is("store", "sqlite"))
            section.Reject("store", "is sqlite, which one process has: needs postgresql, because cluster.enabled is on");
        else if (OutboxSettings.From(section, user ?? "cluster.enabled is on") is { Place: StorePlace.InPostgres place } outbox)
            return outbox with { Place = place with { IsShared = true } };
        return null;
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
