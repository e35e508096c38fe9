using ActorSockets.Tests.Support;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace ActorSockets.Storage.Tests.Support;

/// <summary>A fact of every store: skipped, with the reason, in the classes of a database that is not installed.</summary>
[XunitTestCaseDiscoverer("ActorSockets.Storage.Tests.Support." + nameof(StoreFactDiscoverer), "ActorSockets.Storage.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class StoreFactAttribute : FactAttribute;

/// <summary>A theory of every store.</summary>
/// <inheritdoc cref="StoreFactAttribute"/>
[XunitTestCaseDiscoverer("ActorSockets.Storage.Tests.Support." + nameof(StoreTheoryDiscoverer), "ActorSockets.Storage.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class StoreTheoryAttribute : TheoryAttribute;

/// <summary>Of <see cref="StoreFactAttribute"/>.</summary>
public sealed class StoreFactDiscoverer(IMessageSink sink) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        Skipped(sink, discoveryOptions, testMethod) ?? new FactDiscoverer(sink).Discover(discoveryOptions, testMethod, factAttribute);

    internal static IEnumerable<IXunitTestCase>? Skipped(IMessageSink sink, ITestFrameworkDiscoveryOptions options, ITestMethod method) =>
        method.TestClass.Class.Name.Contains("Postgres", StringComparison.Ordinal) && PrivatePostgres.WhyMissing is { } why
            ? [new XunitSkippedDataRowTestCase(sink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, why)]
            : null;
}

/// <summary>Of <see cref="StoreTheoryAttribute"/>.</summary>
public sealed class StoreTheoryDiscoverer(IMessageSink sink) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        StoreFactDiscoverer.Skipped(sink, discoveryOptions, testMethod) ?? new TheoryDiscoverer(sink).Discover(discoveryOptions, testMethod, factAttribute);
}
