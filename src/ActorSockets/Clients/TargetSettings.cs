using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Protocols;
using ActorSockets.Protocols.Deliveries;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Clients;

/// <summary>What a busy target does to its delivery.</summary>
public enum OnBusy
{
    /// <summary>The rest is kept and offered again until nothing is left.</summary>
    Retry,

    /// <summary>The delivery fails and says how much was taken.</summary>
    Fail,
}

/// <summary>One endpoint to send to; units, ranges and defaults stand in <c>reference.conf</c>, target-defaults.</summary>
public sealed record TargetSettings
{
    /// <summary>The target's name, and that of its actor.</summary>
    public required string Name { get; init; }

    /// <summary>IP address or name; a name is resolved anew at every attempt.</summary>
    public required string Host { get; init; }

    /// <summary>1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>What a run delivers when it starts; null: nothing.</summary>
    public required Payload? Payload { get; init; }

    /// <summary>The id of that delivery: the target's name; with <see cref="Protocol.Deliveries"/> a new one in each run, or the configured one.</summary>
    public required string PayloadId { get; init; }

    /// <summary>Whether deliveries go through the outbox.</summary>
    public required bool Durable { get; init; }

    /// <summary>Age up to which a delivery of the outbox is tried; null: deliveries do not come from one.</summary>
    internal TimeSpan? KeepTryingFor { get; init; }

    /// <summary>How long after its first attempt a delivery may be tried again.</summary>
    internal TimeSpan Patience => KeepTryingFor ?? GiveUpAfter;

    /// <summary>What is spoken with the target.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>What a receipt, or a delivery, is hashed with.</summary>
    public required DigestAlgorithm Digest { get; init; }

    /// <summary>Deliveries on a connection that may be unanswered at a time.</summary>
    public required int Window { get; init; }

    /// <summary>Longer payloads ask the target from where to begin, at their first attempt too; bytes.</summary>
    public required long ResumeAbove { get; init; }

    /// <summary>How long a connection without anything to say stays open.</summary>
    public required TimeSpan IdleTimeout { get; init; }

    /// <summary>When a delivery is done.</summary>
    public required Confirm Confirm { get; init; }

    /// <summary>How long the peer may take to confirm, after our FIN.</summary>
    public required TimeSpan ConfirmTimeout { get; init; }

    /// <summary>What happens when the target is busy.</summary>
    public required OnBusy OnBusy { get; init; }

    /// <summary>A write not taken for so long makes the target Blocked.</summary>
    public required TimeSpan BusyAfter { get; init; }

    /// <summary>How often a target that stays Blocked says so again.</summary>
    public required TimeSpan BlockedReportInterval { get; init; }

    /// <summary>Bytes a second that are sent at most; 0: no limit.</summary>
    public required long MaxSendRate { get; init; }

    /// <summary>How often <see cref="Deliveries.Progressed"/> is published at most.</summary>
    public required TimeSpan ProgressInterval { get; init; }

    /// <summary>Name resolution and connect together.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>The wait between attempts.</summary>
    public required Backoff Backoff { get; init; }

    /// <summary>Time without progress after which a delivery has failed.</summary>
    public required TimeSpan GiveUpAfter { get; init; }

    /// <summary>Connections tried for one delivery; 0: no limit but <see cref="GiveUpAfter"/>.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Deliveries that may wait.</summary>
    public required int MaxQueued { get; init; }

    /// <summary>Bounds of one write's size.</summary>
    public required ChunkSize Chunk { get; init; }

    /// <summary>Silence after which the kernel asks whether the peer is still there; zero: never.</summary>
    public required TimeSpan KeepAlive { get; init; }

    /// <summary>TLS; null: plain TCP.</summary>
    public TargetTls? Tls { get; init; }

    /// <summary>The endpoint as configured.</summary>
    public string Endpoint => Endpoints.Format(Host, Port);

    /// <param name="name">The target's name.</param>
    /// <param name="section">Its settings.</param>
    /// <param name="otherPayloads">Payloads that the program has added to the library's.</param>
    internal static TargetSettings From(string name, SettingsSection section, IReadOnlyDictionary<string, Func<string, Payload>> otherPayloads)
    {
        var (short_, hour) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        var (backoff, chunk) = (section.Merged("backoff"), section.Merged("chunk"));
        var protocol = section.Choice<Protocol>("protocol");
        return new TargetSettings
        {
            Name = name,
            Durable = section.Switch("durable"),
            Protocol = protocol,
            PayloadId = PayloadIdOf(name, protocol, section),
            Digest = DigestSetting.From(section),
            Window = section.Int("window", 1, Greeting.MaxWindow),
            ResumeAbove = section.Bytes("resume-above", 0, 1L << 60),
            IdleTimeout = section.Duration("idle-timeout", TimeSpan.Zero, hour),
            Host = section.Host("host"),
            Port = section.Port("port"),
            Payload = PayloadFactory.From(section.Replaceable("payload"), otherPayloads),
            Confirm = section.Choice<Confirm>("confirm"),
            ConfirmTimeout = section.Duration("confirm-timeout", short_, TimeSpan.FromDays(1)),
            OnBusy = section.Choice<OnBusy>("on-busy"),
            BusyAfter = section.Duration("busy-after", short_, hour),
            BlockedReportInterval = section.Duration("blocked-report-interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1)),
            MaxSendRate = section.Bytes("max-send-rate", 0, 1L << 40),
            ProgressInterval = section.Duration("progress-interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)),
            ConnectTimeout = section.Duration("connect-timeout", short_, hour),
            Backoff = new Backoff(backoff.Duration("min", short_, hour), backoff.Duration("max", short_, hour)),
            GiveUpAfter = section.Duration("give-up-after", short_, TimeSpan.FromDays(30)),
            MaxAttempts = section.Int("max-attempts", 0, 1_000_000),
            MaxQueued = section.Int("max-queued", 1, 1_000_000),
            Chunk = new ChunkSize((int)chunk.Bytes("min", 1024, 16 << 20), (int)chunk.Bytes("max", 1024, 16 << 20)),
            KeepAlive = section.Duration("keep-alive", TimeSpan.Zero, hour),
            Tls = TargetTls.From(section.Merged("tls"), protocol == Protocol.Deliveries ? [Greeting.Version] : []),
        };
    }

    private static string PayloadIdOf(string name, Protocol protocol, SettingsSection section)
    {
        var id = section.Text("payload-id");
        if (id.Length > 0 && !DeliveryId.IsValid(id))
            section.Reject("payload-id", $"'{Printable.Of(id)}' is not an id: needs 1 to {DeliveryId.MaxLength} of A-Z a-z 0-9 . _ : -");
        return id.Length > 0 ? id : protocol == Protocol.Raw ? name : Guid.CreateVersion7().ToString();
    }
}
