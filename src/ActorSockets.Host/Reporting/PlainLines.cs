using System.Globalization;
using System.Net;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// Events as lines for people. A target that is blocked again and again is reported at most once per interval; so is progress.
/// </summary>
internal sealed class PlainLines(ProgramSettings settings, bool showTicker)
{
    // Of one line about a reload.
    private const int MostNames = 20;

    private readonly Dictionary<string, TargetSettings> _targets = settings.Library.Targets.ToDictionary(t => t.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _blockedReportedAt = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (TimeSpan ConnectedAt, TimeSpan ReportedAt)> _progress = new(StringComparer.Ordinal);
    private readonly HashSet<string> _blockedReported = new(StringComparer.Ordinal);

    /// <summary>A target that was added or changed while the program runs.</summary>
    public void Add(TargetSettings target) => _targets[target.Name] = target;

    /// <summary>Whether the event is an error.</summary>
    public static bool IsError(object happened) => happened is ServerEvents.BindFailed or ServerEvents.ListenerLost or ServerEvents.Refused
        or ServerEvents.AcceptFailing or ServerEvents.BrokenOff or ServerEvents.ReceiptLost or ServerEvents.CleaningFailed or Deliveries.Unconfirmed or Deliveries.Failed or Deliveries.Rejected
        or TlsEvents.CertificateNotReloaded or TlsEvents.CertificateNeedsRestart or TlsEvents.CertificateExpires or RunEvents.Stopped or RunEvents.WebFailed or RunEvents.ReloadFailed
        or OutboxEvents.OutboxFull or OutboxEvents.OutboxFailing or OutboxEvents.OutboxDamaged or OutboxEvents.OutboxStranded or RunEvents.NoOutbox or RunEvents.OutOfCluster;

    /// <summary>The line for an event, or null where it has none.</summary>
    public string? For(object happened, TimeSpan now) => happened switch
    {
        ServerEvents.Bound e => $"server {e.Server}: listening on {e.Endpoint}{(Exposes(e) ? ", exposed on every network interface" : "")}",
        ServerEvents.BindFailed { IsOfOutbox: true } => null,
        ServerEvents.BindFailed e => $"error: {ActorSocketsSettings.Root}.servers.{e.Server}: cannot listen on {e.Endpoint}: {e.Reason}",
        ServerEvents.Removed e => $"server {e.Server}: removed",
        ServerEvents.ListenerLost e => $"server {e.Server}: lost its listener: {e.Reason}; binds again in {Durations.Format(e.RetryIn)}",
        ServerEvents.Refused e => $"server {e.Server}: refused {e.Count} connection{(e.Count == 1 ? "" : "s")}, the last from {e.LastPeer}: {e.Reason}",
        ServerEvents.AcceptFailing e => $"server {e.Server}: cannot accept connections (out of file handles?); retrying",
        ServerEvents.AcceptRecovered e => $"server {e.Server}: accepts connections again",
        ServerEvents.Accepted e => $"server {e.Server}: {e.Peer} connected{(e.Identity is null ? "" : $", certificate of {e.Identity}")}",
        ServerEvents.ForeignProtocol e => $"server {e.Server}: {e.Peer} speaks {e.Protocol}, and this server does not{(e.Protocol == "TLS" ? " (tls.certificate, tls.key)" : "")}: it takes the bytes as data",
        ServerEvents.Completed e => $"server {e.Server}: {e.Peer} closed after {Size(e.Bytes)} in {Durations.Format(e.Elapsed)}{(e.StoredAs is null ? "" : $": {e.StoredAs}")}",
        ServerEvents.FileCut e => $"server {e.Server}: {e.Peer} goes on; {Size(e.Bytes)} are in {e.StoredAs}",
        ServerEvents.BrokenOff e => $"server {e.Server}: {e.Peer} broke off after {Size(e.Bytes)}: {e.Reason}{(e.KeptAs is null ? "" : $"; kept as {e.KeptAs}")}",
        ServerEvents.ReceiptLost e =>
            $"server {e.Server}: {e.Peer} did not get its receipt: {e.Reason}; {Size(e.Bytes)} {(e.StoredAs is null ? "received" : $"stored as {e.StoredAs}")}; the client may send them again",
        ServerEvents.Stored e =>
            $"server {e.Server}: {e.Peer} delivered {e.Id}: {Size(e.Length)}{(e.ResumedFrom > 0 ? $", resumed at {e.ResumedFrom} B," : "")} in {Durations.Format(e.Elapsed)}{StoredAs(e.StoredAs)}",
        ServerEvents.Repeated e => $"server {e.Server}: {e.Peer} delivered {e.Id} again: it is stored already{StoredAs(e.StoredAs)}",
        ServerEvents.Interrupted e => $"server {e.Server}: {e.Peer} did not finish {e.Id}: {e.Reason}; {Size(e.Kept)} kept for another connection",
        ServerEvents.DeliveryRefused e => $"server {e.Server}: refused {e.Id} of {e.Peer}: {e.Code}{(e.Reason.Length > 0 ? $": {Printable.Of(e.Reason)}" : "")}",
        ServerEvents.PartialDeleted e => $"server {e.Server}: deleted {e.Path} (keep-partial, max-partial)",
        ServerEvents.CleaningFailed e => $"server {e.Server}: cannot delete old partial files: {e.Reason}",
        Deliveries.Connecting e => $"target {e.Target}: connecting to {e.Endpoint}{(e.Attempt > 1 ? $", attempt {e.Attempt}" : "")}",
        Deliveries.Connected e => Connected(e, now),
        Deliveries.Resumed e => $"target {e.Target}: resuming at {Size(e.Offset)}{(e.Length is { } length ? $" of {Size(length)}" : "")}",
        Deliveries.ForgetsEarly e => $"target {e.Target}: warning: the server forgets ids after {Durations.Format(e.Remembers)}, but give-up-after is {Durations.Format(e.GiveUpAfter)}: a later retry can be stored twice",
        Deliveries.Progressed e when RateToReport(e, now) is { } rate =>
            $"target {e.Target}: {(e.Length is { } length and > 0 ? $"{100.0 * e.Taken / length:0} % of {Sizes.Format(length)}" : Sizes.Format(e.Taken))}, {rate}/s",
        Deliveries.Blocked e when ReportsBlocked(e.Target, now) =>
            $"target {e.Target}: BLOCKED: took nothing for {Durations.Format(e.Since)}{(e.Remaining is { } remaining ? $"; {Size(remaining)} remain" : "")}; retrying",
        Deliveries.Unblocked e when _blockedReported.Remove(e.Target) => $"target {e.Target}: takes bytes again after {Durations.Format(e.Lasted)}",
        Deliveries.BackingOff e => $"target {e.Target}: {e.Reason}; next attempt in {Durations.Format(e.Delay)}",
        Deliveries.Delivered e => $"target {e.Target}: DELIVERED {Size(e.Report.Taken)} in {Durations.Format(e.Report.Elapsed)}{(e.Report.ResumedFrom > 0 ? $", resumed at {Size(e.Report.ResumedFrom)}" : "")}",
        Deliveries.Sent e => $"target {e.Target}: SENT {Size(e.Report.Taken)} in {Durations.Format(e.Report.Elapsed)}{(e.Confirmed == Confirm.Close ? "; the peer closed (no proof that it stored anything)" : " (confirm = none: no proof that it arrived)")}",
        Deliveries.Unconfirmed e => $"target {e.Target}: UNCONFIRMED: {e.Reason}; {Taken(e.Report)}",
        Deliveries.Failed e => $"target {e.Target}: FAILED: {e.Reason}; {Taken(e.Report)}",
        Deliveries.Rejected e => $"target {e.Target}: REJECTED: {e.Reason}",
        Deliveries.Kept e => $"target {e.Target}: {e.Id} is in the outbox",
        OutboxEvents.OutboxOpened e => $"outbox {e.Place}: {e.Deliveries} deliver{(e.Deliveries == 1 ? "y" : "ies")}, {Sizes.Format(e.Bytes)}",
        OutboxEvents.OutboxStranded e => $"warning: outbox: {e.Waiting} {(e.Waiting == 1 ? "delivery waits" : "deliveries wait")} for {Printable.Of(e.Target)}, and there is no such durable target: add it, or cancel what waits (actorsockets queue cancel --target {Printable.Of(e.Target)})",
        OutboxEvents.OutboxDamaged e => $"outbox: {Printable.Of(e.Description)}",
        OutboxEvents.OutboxFull e => $"outbox: FULL: {e.Limit}; nothing is accepted until there is room",
        OutboxEvents.OutboxHasRoom => "outbox: has room again",
        OutboxEvents.OutboxFailing e => $"outbox: {e.Reason}; retrying",
        OutboxEvents.OutboxWorks => "outbox: works again",
        ClusterEvents.NodeUp e => $"cluster: {e.Node} is up, of {Nodes(e.Nodes)}",
        ClusterEvents.NodeUnreachable e => $"cluster: {e.Node} is unreachable; its targets wait",
        ClusterEvents.NodeReachable e => $"cluster: {e.Node} is reachable again",
        ClusterEvents.NodeLeaving e => $"cluster: {e.Node} leaves; the other nodes take its targets",
        ClusterEvents.NodeOut e => $"cluster: {e.Node} is out; {Nodes(e.Nodes)} {(e.Nodes == 1 ? "remains" : "remain")}",
        RunEvents.OutOfCluster e => $"error: {ActorSocketsSettings.Root}.cluster: {e.Reason}",
        RunEvents.NoOutbox e => $"error: {ActorSocketsSettings.Root}.outbox: {e.Reason}",
        TlsEvents.CertificateReloaded e => $"{e.Owner}: new connections use the changed TLS files{(e.ExpiresAt is { } end ? $"; the certificate expires on {Date(end)}" : "")}",
        TlsEvents.CertificateNeedsRestart e => $"warning: {e.Owner}: the TLS files changed: restart this node, which reads them at its start only",
        TlsEvents.CertificateNotReloaded e => $"{e.Owner}: the changed TLS files do not load, new connections use the former ones: {e.Reason}",
        TlsEvents.CertificateExpires e => $"warning: {e.Owner}: its certificate {(e.HasExpired ? "expired" : "expires")} on {Date(e.ExpiresAt)}: renew it",
        Ticked e => $"tick {e.Number}",
        RunEvents.WebListening e => $"web: listening on http://{e.Endpoint}/{(Exposes(e.Endpoint) ? ", exposed on every network interface" : "")}",
        RunEvents.WebFailed e => $"error: {ActorSocketsSettings.Root}.web: {e.Reason}",
        RunEvents.Warning e => $"warning: {e.Where}: {e.Message}",
        RunEvents.Reloaded e => $"reloaded: {(e.Changes.Count == 0 ? "nothing changed" : Some(e.Changes))}{(e.NeedRestart.Count == 0 ? "" : $"; needs a restart: {Some(e.NeedRestart)}")}",
        RunEvents.ReloadFailed e => $"error: not reloaded, nothing changed: {e.Errors[0]}{(e.Errors.Count == 1 ? "" : $" (and {e.Errors.Count - 1} more)")}",
        RunEvents.Stopping e => $"stopping within {Durations.Format(e.Within)} (a second signal stops at once); waiting for {string.Join(", ", e.WaitingFor)}",
        RunEvents.StillWaiting e => $"still waiting for {string.Join(", ", e.WaitingFor)}",
        RunEvents.Stopped e => $"stopped before these finished: {string.Join(", ", e.UnderWay)}",
        RunEvents.LeftOut e => $"({e.Lines} lines dropped: report.max-lines-per-second or report.max-waiting-lines exceeded)",
        RunEvents.Summary e => SummaryTable.For(showTicker ? e : e with { Ticker = null }) is { Length: > 0 } table ? table : null,
        _ => null,
    };

    /// <summary>Whether the server listens on every interface.</summary>
    public static bool Exposes(ServerEvents.Bound e) => Exposes(e.Endpoint);

    private static bool Exposes(IPEndPoint endpoint) => endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);

    private bool ReportsBlocked(string target, TimeSpan now)
    {
        if (_blockedReportedAt.TryGetValue(target, out var last) && now - last < _targets[target].BlockedReportInterval)
            return false;
        _blockedReportedAt[target] = now;
        _blockedReported.Add(target);
        return true;
    }

    private static string Nodes(int count) => count == 1 ? "1 node" : $"{count} nodes";

    private static string Some(IReadOnlyList<string> names) =>
        $"{string.Join(", ", names.Take(MostNames))}{(names.Count <= MostNames ? "" : $" and {names.Count - MostNames} more")}";

    private string Connected(Deliveries.Connected e, TimeSpan now)
    {
        _progress[e.Target] = (now, now);
        return $"target {e.Target}: connected{(e.Identity is null ? "" : $" to {e.Identity}")}, sending {(e.Length is { } length ? Size(length) : "a stream")}";
    }

    private string? RateToReport(Deliveries.Progressed e, TimeSpan now)
    {
        if (!_progress.TryGetValue(e.Target, out var last) || now - last.ReportedAt < settings.Report.ProgressLineInterval)
            return null;
        _progress[e.Target] = last with { ReportedAt = now };
        return Sizes.Format((long)(e.Taken / (now - last.ConnectedAt).TotalSeconds));
    }

    private static string Date(DateTime at) => at.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Taken(Deliveries.Report report) => report switch
    {
        { Length: 0 or null, Taken: 0 } => "nothing was sent",
        { Length: { } length } => $"{report.Taken} of {length} B taken, {length - report.Taken} B remain",
        _ => $"{report.Taken} B taken, and no end",
    };

    /// <summary>A client may have named the file.</summary>
    private static string StoredAs(string? path) => path is null ? "" : $": {Printable.Of(path)}";

    private static string Size(long bytes) => bytes < 1024 ? Sizes.Format(bytes) : $"{Sizes.Format(bytes)} ({bytes} B)";
}
