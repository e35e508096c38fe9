using System.Text.RegularExpressions;
using ActorSockets.Configuration;

namespace ActorSockets.Outbox;

/// <summary>The outbox; units, ranges and defaults stand in <c>reference.conf</c>, outbox.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Limits">How much it may hold.</param>
/// <param name="GiveUpAfter">Age at which a delivery whose attempt fails is set aside.</param>
/// <param name="KeepFailed">How long deliveries that were set aside are kept.</param>
public sealed partial record OutboxSettings(StorePlace Place, OutboxLimits Limits, TimeSpan GiveUpAfter, TimeSpan KeepFailed)
{
    /// <summary>Null: no directory or connection is set, and <paramref name="user"/> needs none.</summary>
    /// <param name="section">The section.</param>
    /// <param name="user">What needs an outbox, as the beginning of a sentence; null: nothing does.</param>
    internal static OutboxSettings? From(SettingsSection section, string? user)
    {
        var ofTarget = section.Merged("per-target");
        var key = section.OneOf("store", ["sqlite", "postgresql"]) == "sqlite" ? "directory" : "connection";
        var isSet = section.Text(key).Length > 0;
        if (!isSet && user is not null)
            section.RejectMissing(key, $"a {key}{(key == "directory" ? "" : " string")}, because {user}");
        var settings = new OutboxSettings(
            PlaceOf(section, isSet && key == "connection"),
            new OutboxLimits(
                section.Bytes("max-bytes", 1 << 20, 1L << 60),
                section.Int("max-deliveries", 1, int.MaxValue),
                ofTarget.Bytes("max-bytes", 1 << 20, 1L << 60),
                ofTarget.Int("max-deliveries", 1, int.MaxValue)),
            section.Duration("give-up-after", TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650)),
            section.Duration("keep-failed", TimeSpan.Zero, TimeSpan.FromDays(3650)));
        return isSet ? settings : null;
    }

    /// <summary>The database is checked only when it is the store: checking loads its library. A password is never repeated.</summary>
    private static StorePlace PlaceOf(SettingsSection section, bool inPostgres)
    {
        var place = new StorePlace.InPostgres(section.Text("connection"), section.Text("password-file"), section.Text("schema")) { Payloads = section.Text("payloads") };
        if (!SchemaName().IsMatch(place.Schema))
            section.Reject("schema", $"'{place.Schema}' is not a name of up to 63 letters a to z, digits and '_', the first a letter");
        if (Password().IsMatch(place.Connection))
            section.Reject("connection", "has a password: put it into a file that password-file names, or into PGPASSWORD or the file that PGPASSFILE names");
        else if (inPostgres && StoreLibrary.WhyWrong(place) is { } wrong)
            section.Reject(wrong.Key, wrong.Message);
        if (!inPostgres && place.Payloads.Length > 0)
            section.Reject("payloads", "is for store = postgresql: sqlite has its payloads in directory");
        return inPostgres ? place : new StorePlace.OnDisk(section.Text("directory"));
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$")]
    private static partial Regex SchemaName();

    // Npgsql's keywords, and the form of a URL, which it does not know.
    [GeneratedRegex(@"(^|;)\s*(ssl\s*)?(password|psw|pwd)\s*=|^\s*\w+://[^/]*:[^/]*@", RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}

/// <summary>How much an outbox may hold.</summary>
/// <param name="MaxBytes">Bytes of all payloads.</param>
/// <param name="MaxDeliveries">Deliveries of all targets, also those that were set aside.</param>
/// <param name="TargetMaxBytes">Bytes that may wait for one target.</param>
/// <param name="TargetMaxDeliveries">Deliveries that may wait for one target.</param>
public sealed record OutboxLimits(long MaxBytes, long MaxDeliveries, long TargetMaxBytes, long TargetMaxDeliveries);
