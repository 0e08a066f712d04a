package ai.in10nt.machines;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Fly's regions. All are this host: the code is a label. */
final class Regions {
    private record Region(String code, String name, String area, double latitude, double longitude) {}

    private static final List<Region> ALL = List.of(
            new Region("iad", "Ashburn, Virginia (US)", "na", 39.0, -77.5),
            new Region("ams", "Amsterdam, Netherlands", "eu", 52.4, 4.9),
            new Region("arn", "Stockholm, Sweden", "eu", 59.3, 18.1),
            new Region("bom", "Mumbai, India", "apac", 19.1, 72.9),
            new Region("cdg", "Paris, France", "eu", 48.9, 2.4),
            new Region("dfw", "Dallas, Texas (US)", "na", 32.8, -96.8),
            new Region("ewr", "Secaucus, NJ (US)", "na", 40.8, -74.1),
            new Region("fra", "Frankfurt, Germany", "eu", 50.1, 8.7),
            new Region("gru", "Sao Paulo, Brazil", "sa", -23.5, -46.6),
            new Region("jnb", "Johannesburg, South Africa", "af", -26.2, 28.0),
            new Region("lax", "Los Angeles, California (US)", "na", 34.1, -118.2),
            new Region("lhr", "London, United Kingdom", "eu", 51.5, -0.1),
            new Region("nrt", "Tokyo, Japan", "apac", 35.7, 139.7),
            new Region("ord", "Chicago, Illinois (US)", "na", 41.9, -87.6),
            new Region("sin", "Singapore, Singapore", "apac", 1.3, 103.8),
            new Region("sjc", "San Jose, California (US)", "na", 37.3, -121.9),
            new Region("syd", "Sydney, Australia", "apac", -33.9, 151.2),
            new Region("yyz", "Toronto, Canada", "na", 43.7, -79.4));

    private Regions() {}

    /** The first of an expression: a code, a list of codes in order of preference, an area ({@code eu}), {@code any} or nothing. */
    static String choose(String expression) {
        var first = expression.split(",", -1)[0].strip();
        return switch (first) {
            case "", "any" -> ALL.getFirst().code();
            case "us", "usa" -> choose("na");
            default ->
                ALL.stream()
                        .filter(region ->
                                region.code().equals(first) || region.area().equals(first))
                        .map(Region::code)
                        .findFirst()
                        .orElseThrow(() -> FlyError.invalid("target region " + first + " not found"));
        };
    }

    /** In PascalCase around rows in lower case, as the live API answers. */
    static Map<String, Object> answer() {
        return Map.of(
                "Nearest",
                ALL.getFirst().code(),
                "Regions",
                ALL.stream()
                        .map(region -> Map.of(
                                "code", region.code(),
                                "name", region.name(),
                                "geo_region", region.area(),
                                "latitude", region.latitude(),
                                "longitude", region.longitude(),
                                "gateway_available", true,
                                "requires_paid_plan", false,
                                "deprecated", false))
                        .toList());
    }

    /** A dry run of placement: how many machines of this size would fit on this host, under each of its names. */
    static Map<String, Object> placements(String expression, int memoryMb) {
        var memory = (com.sun.management.OperatingSystemMXBean)
                java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        long fit = memory.getFreeMemorySize() / 1024 / 1024 / memoryMb;
        var codes = expression.isEmpty()
                ? ALL.stream().map(Region::code).toList()
                : Arrays.stream(expression.split(",", -1)).map(Regions::choose).toList();
        return Map.of(
                "Regions",
                codes.stream()
                        .map(code -> Map.of("Region", code, "Count", fit, "Concurrency", 1))
                        .toList());
    }
}
