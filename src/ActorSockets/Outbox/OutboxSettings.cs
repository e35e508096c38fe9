using ActorSockets.Configuration;

namespace ActorSockets.Outbox;

/// <summary>The outbox; units, ranges and defaults stand in <c>reference.conf</c>, outbox.</summary>
/// <param name="Directory">Where it is.</param>
/// <param name="Limits">How much it may hold.</param>
/// <param name="GiveUpAfter">Age at which a delivery whose attempt fails is set aside.</param>
/// <param name="KeepFailed">How long deliveries that were set aside are kept.</param>
public sealed record OutboxSettings(string Directory, OutboxLimits Limits, TimeSpan GiveUpAfter, TimeSpan KeepFailed)
{
    internal static OutboxSettings From(SettingsSection section)
    {
        var ofTarget = section.Merged("per-target");
        // One kind so far; a configuration that asks for another is told.
        section.OneOf("store", ["sqlite"]);
        return new OutboxSettings(
            section.Text("directory"),
            new OutboxLimits(
                section.Bytes("max-bytes", 1 << 20, 1L << 60),
                section.Int("max-deliveries", 1, int.MaxValue),
                ofTarget.Bytes("max-bytes", 1 << 20, 1L << 60),
                ofTarget.Int("max-deliveries", 1, int.MaxValue)),
            section.Duration("give-up-after", TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650)),
            section.Duration("keep-failed", TimeSpan.Zero, TimeSpan.FromDays(3650)));
    }
}

/// <summary>How much an outbox may hold.</summary>
/// <param name="MaxBytes">Bytes of all payloads.</param>
/// <param name="MaxDeliveries">Deliveries of all targets, also those that were set aside.</param>
/// <param name="TargetMaxBytes">Bytes that may wait for one target.</param>
/// <param name="TargetMaxDeliveries">Deliveries that may wait for one target.</param>
public sealed record OutboxLimits(long MaxBytes, long MaxDeliveries, long TargetMaxBytes, long TargetMaxDeliveries);
