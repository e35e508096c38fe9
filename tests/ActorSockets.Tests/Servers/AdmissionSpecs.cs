using System.Net;
using ActorSockets.Servers;

namespace ActorSockets.Tests.Servers;

public sealed class AdmissionSpecs
{
    [Theory]
    [InlineData("10.1.2.3", 0, null)]
    [InlineData("::ffff:10.1.2.3", 0, null)]
    [InlineData("192.168.0.1", 0, "not in allow")]
    [InlineData("10.1.2.3", 1, null)]
    [InlineData("10.1.2.3", 2, "max-connections = 2")]
    public void Refuses_by_network_and_by_number(string peer, int open, string? expected) =>
        Assert.Equal(expected, new Admission([IPNetwork.Parse("10.0.0.0/8")], 2).Refuse(IPAddress.Parse(peer), open)?.Reason);
}
