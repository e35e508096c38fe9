using System.Net;
using ActorSockets.Events;

namespace ActorSockets.Host.Reporting;

/// <summary>Events of the program itself, beside those of servers and senders. Sizes are bytes.</summary>
internal static class RunEvents
{
    public interface IRunEvent;

    /// <summary>A mistake in the configuration or on the command line: where it is, and how to correct it.</summary>
    public sealed record Error(string Where, string Message) : IRunEvent;

    /// <summary>Something suspicious in the configuration.</summary>
    public sealed record Warning(string Where, string Message) : IRunEvent;

    /// <summary>A setting in force, and where it comes from.</summary>
    public sealed record Setting(string Path, string Value, string Origin) : IRunEvent;

    /// <summary>A line that a console sink prints.</summary>
    public sealed record Printed(string Server, string Peer, string Line) : IRunEvent;

    /// <summary>The web server listens.</summary>
    public sealed record WebListening(IPEndPoint Endpoint) : IRunEvent;

    /// <summary>The web server cannot listen; the run ends.</summary>
    public sealed record WebFailed(string Reason) : IRunEvent;

    /// <summary>The configuration was read again, and is in force but for settings that need a restart.</summary>
    public sealed record Reloaded(IReadOnlyList<string> Changes, IReadOnlyList<string> NeedRestart) : IRunEvent;

    /// <summary>The configuration was read again and is wrong; nothing changes.</summary>
    public sealed record ReloadFailed(IReadOnlyList<string> Errors) : IRunEvent;

    /// <summary>A signal came, and this is still under way.</summary>
    public sealed record Stopping(IReadOnlyList<string> WaitingFor, TimeSpan Within) : IRunEvent;

    /// <summary>The drain goes on, and this is still under way.</summary>
    public sealed record StillWaiting(IReadOnlyList<string> WaitingFor) : IRunEvent;

    /// <summary>The drain is over, and this did not finish.</summary>
    public sealed record Stopped(IReadOnlyList<string> UnderWay) : IRunEvent;

    /// <summary>Lines were left out because they came faster than they could be written.</summary>
    public sealed record LeftOut(long Lines) : IRunEvent;

    /// <summary>The last event: the result of the run.</summary>
    /// <param name="ExitCode">The process's.</param>
    /// <param name="Deliveries">One entry for each delivery that was begun.</param>
    /// <param name="Servers">One entry for each server that listened.</param>
    /// <param name="Ticker">Null when there were no ticks.</param>
    public sealed record Summary(int ExitCode, IReadOnlyList<Delivery> Deliveries, IReadOnlyList<Server> Servers, Ticks? Ticker) : IRunEvent
    {
        /// <summary>Null when there was no outbox.</summary>
        public Outbox? Outbox { get; init; }

        /// <summary>Of a run that never began.</summary>
        public static Summary OfNothing(int exitCode) => new(exitCode, [], [], null);
    }

    /// <summary>How a delivery ended: delivered, unconfirmed, failed, rejected, undelivered when it was cut off, or stored when it waits in the outbox.</summary>
    public sealed record Delivery(string Target, string Id, string Outcome, string? Reason, Deliveries.Report? Report);

    /// <summary>The totals of a server: connections that completed, broke off and were refused, and bytes received.</summary>
    public sealed record Server(string Name, string Endpoint, long Completed, long BrokenOff, long Refused, long Bytes);

    /// <summary>What came out of the outbox in this run, and what it holds at its end.</summary>
    public sealed record Outbox(long Delivered, long Failed, long Waiting, long SetAside, long Bytes)
    {
        public Outbox Add(Deliveries.IDeliveryEvent ended) => ended switch
        {
            Deliveries.Delivered or Deliveries.Sent => this with { Delivered = Delivered + 1 },
            Deliveries.IOutcome => this with { Failed = Failed + 1 },
            _ => this,
        };
    }

    /// <summary>The outbox cannot be opened; the run ends.</summary>
    public sealed record NoOutbox(string Reason) : IRunEvent;

    /// <summary>This process cannot be a node of its cluster; the run ends.</summary>
    public sealed record OutOfCluster(string Reason) : IRunEvent;

    /// <summary>How late the ticks were.</summary>
    public sealed record Ticks(long Count, TimeSpan LateP50, TimeSpan LateP99, TimeSpan LateP999, TimeSpan LateMax);
}
